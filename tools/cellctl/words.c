/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The core's own words: what its tables of names send (life_table.c, record.c), and what it puts into its messages as text. Here so that
 * they can be translated; a word that is not among them, of another core, stays as it is.
 */
#include <string.h>

#include "session.h"
#include "text.h"

static const char *const words[] = {
	/* states of cells, of vCPUs */
	N_("off"), N_("loading"), N_("running"), N_("suspended"), N_("stopping"), N_("stopped"), N_("failed"), N_("pending"), N_("on"),
	/* operations */
	N_("status"), N_("start"), N_("stop"), N_("restart"), N_("suspend"), N_("resume"), N_("kill"), N_("reset-board"), N_("power-off"),
	/* how long that took */
	N_("regain"), N_("clear"),
	/* their results */
	N_("ok"), N_("already"), N_("refused"), N_("asked"), N_("denied"), N_("lost"),
	/* reasons */
	N_("none"), N_("reset"), N_("debug"), N_("fault"), N_("told"), N_("timeout"), N_("watchdog"), N_("heartbeat"), N_("dma"), N_("storm"), N_("other"),
	/* ends, in the log */
	N_("switched itself off"), N_("asked for a reset"), N_("stopped by breakpoint (debug)"), N_("stopped by fault"), N_("stopped by denied register"),
	N_("stopped by "), N_("stopped, as it did not shut down when asked by "), N_("stopped by its watchdog"), N_("stopped, as its heartbeat was missing"),
	N_("stopped, as a device of it was refused access"), N_("stopped by an interrupt storm"), N_("stopped because of "),
	N_("refused access of a device"), N_("interrupt storm"), N_("too many restarts"), N_("watchdog has run out"), N_("heartbeat is missing"),
	/* what it did */
	N_("fetch outside the cell's map"), N_("write outside the cell's map"), N_("read outside the cell's map"), N_("fetch from memory that may not be executed"),
	N_("write to memory that may not be written"), N_("read that the cell's map forbids"), N_("denied system register"), N_("the IOMMU does not answer"),
	/* who */
	N_("restarting"), N_("operator"), N_("policy"), N_("itself"), N_("the operator"), N_("its policy"), N_("cell "),
	/* records */
	N_("this boot"), N_("an earlier boot"), N_("an earlier boot with another configuration"), N_("breakpoint"), N_("registers"), N_("did not come in"),
	N_("syndrome"), N_("declared"), N_("address"), N_("found"),
};

const char *cellctl_word(const char *word)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcmp(words[i], word))
			return gettext(word);
	return word;
}
