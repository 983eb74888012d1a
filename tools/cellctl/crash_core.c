/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* crash --core: a record as a file for gdb (core_out.h). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "core_out.h"
#include "crash_read.h"

/* The newest one of the cell; for free(); NULL: there is none. */
static struct crash_cell *newest(const struct crash_view *view, const char *cell)
{
	struct crash_cell *found = NULL;
	const char *why;

	for (unsigned i = 0; i < crash_slot_number(view); i++) {
		struct crash_cell *one = crash_slot_read(view, i, &why);

		if (!one || strncmp(one->cell, cell, sizeof one->cell) || (found && found->origin.sequence > one->origin.sequence)) {
			free(one);
			continue;
		}
		free(found);
		found = one;
	}
	return found;
}

static int write_it(const struct crash_mark *record, const char *path, const char *what)
{
	FILE *file = fopen(path, "we");
	enum core_status status;
	int saved;

	if (!file)
		return complain(CELLCTL_FAILED, "%s: %s", path, strerror(errno));
	status = core_write(file, (const u8 *)record, record->size);
	saved = errno;
	if (fclose(file) && status == CORE_OK)
		status = CORE_NOT_WRITTEN;
	switch (status) {
	case CORE_OK: return 0;
	case CORE_NO_REGISTERS: complain(0, _("the record of %s has no registers: none of its vCPUs had come in"), what); break;
	case CORE_NOT_WRITTEN: complain(0, "%s: %s", path, strerror(saved)); break;
	case CORE_NO_RECORD: complain(0, _("the record of %s is damaged"), what); break;
	}
	unlink(path);
	return status == CORE_NOT_WRITTEN ? CELLCTL_FAILED : CELLCTL_NO;
}

int crash_core(const struct crash_view *view, const char *cell, const char *path)
{
	const char *why;
	void *record = cell ? (void *)newest(view, cell) : (void *)crash_panic_read(view, &why);
	int error;

	if (!record)
		return complain(CELLCTL_NO, cell ? _("there is no record of %s") : _("there is no panic%.0s; crash CELL --core FILE takes a cell's end"), cell ? cell : "");
	error = write_it(record, path, cell ? cell : _("the panic"));
	free(record);
	return error;
}
