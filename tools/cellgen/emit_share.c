/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Regions in the reports: where each is, who has it, with which rights, and at which guest address. */
#include "parts.h"

typedef unsigned long long ull;

static void emit_users(const struct decision *d, u32 index, struct out *out)
{
	for (u32 i = 0; i < d->cell_count; i++) {
		for (u32 k = 0; k < d->cells[i].share_count; k++) {
			const struct share *share = &d->cells[i].shares[k];

			if (share->reserve == index) {
				out_printf(out, "    '%s' %s at guest 0x%010llx%s  (%s)\n", d->cells[i].name, share_rights(share),
					   (ull)share->guest, share->guest_asked ? ", as asked" : "", emit_at(d, share->at));
			}
		}
	}
}

void emit_shares(const struct decision *d, struct out *out)
{
	const char *heading = "\nREGIONS\n\n";

	for (u32 i = 0; i < d->reserve_count; i++) {
		const struct reserve *reserve = &d->reserves[i];

		if (reserve->share_count == 0) {
			continue;
		}
		out_printf(out, "%s  0x%010llx, 0x%llx bytes, %s: %s%s  (%s)\n", heading, (ull)reserve->phys, (ull)reserve->size,
			   reserve->name, reserve->share_count == 1 ? "of one cell" : "shared",
			   reserve->reg_count ? "" : ", placed by cellgen", emit_at(d, reserve->at));
		emit_users(d, i, out);
		heading = "";
	}
}

static void emit_json_users(const struct decision *d, u32 index, struct out *out)
{
	const char *separator = "";

	for (u32 i = 0; i < d->cell_count; i++) {
		for (u32 k = 0; k < d->cells[i].share_count; k++) {
			const struct share *share = &d->cells[i].shares[k];

			if (share->reserve == index) {
				out_printf(out, "%s { \"cell\": ", separator);
				emit_json_string(out, d->cells[i].name);
				out_printf(out, ", \"rights\": \"%s\", \"guest\": \"0x%llx\" }", share_rights(share), (ull)share->guest);
				separator = ",";
			}
		}
	}
}

/* The regions that somebody has; the others are in "physical", as nobody's. */
void emit_json_shares(const struct decision *d, struct out *out)
{
	const char *separator = "\n";

	out_printf(out, "  \"regions\": [");
	for (u32 i = 0; i < d->reserve_count; i++) {
		const struct reserve *reserve = &d->reserves[i];

		if (reserve->share_count == 0) {
			continue;
		}
		out_printf(out, "%s    { \"name\": ", separator);
		emit_json_string(out, reserve->name);
		out_printf(out, ", \"path\": ");
		emit_json_string(out, reserve->node->path);
		out_printf(out, ", \"base\": \"0x%llx\", \"size\": \"0x%llx\", \"asked\": %s, \"from\": ", (ull)reserve->phys,
			   (ull)reserve->size, reserve->reg_count ? "true" : "false");
		emit_json_string(out, emit_at(d, reserve->at));
		out_printf(out, ", \"cells\": [");
		emit_json_users(d, i, out);
		out_printf(out, " ] }");
		separator = ",\n";
	}
	out_printf(out, "\n  ],\n");
}
