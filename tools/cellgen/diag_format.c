/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Findings as people, editors and programs want them:
 *
 *     human   file:line:column: error[id]: text        on stderr
 *     json    { "findings": [ ... ], "count": 1 }      on stdout
 *     sarif   SARIF 2.1.0 (OASIS), as code hosting sites show beside the lines, on stdout
 */
#include <stdio.h>
#include <string.h>

#include "diag.h"

#define SARIF_SCHEMA "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"

static void print_human(const struct diag *diag)
{
	for (u32 i = 0; i < diag->count; i++) {
		const struct finding *f = &diag->findings[i];

		if (f->at.file) {
			fprintf(stderr, "%s:%u:%u: ", f->at.file, f->at.line, f->at.col);
		} else {
			fputs("cellgen: ", stderr);
		}
		fprintf(stderr, "error[%s]: %s\n", f->id, f->text);
	}
}

static void text(struct out *out, const char *name, const char *value)
{
	out_printf(out, "\"%s\": ", name);
	emit_json_string(out, value);
}

/* ---- json ---- */

static void json_place(struct out *out, struct pos at)
{
	if (!at.file) {
		out_printf(out, "\"file\": null, \"line\": 0, \"column\": 0");
		return;
	}
	text(out, "file", at.file);
	out_printf(out, ", \"line\": %u, \"column\": %u", at.line, at.col);
}

static void json_finding(struct out *out, const struct finding *f)
{
	out_printf(out, "    { ");
	text(out, "id", f->id);
	out_printf(out, ", \"level\": \"error\", ");
	json_place(out, f->at);
	out_printf(out, ",\n      ");
	text(out, "message", f->text);
	out_printf(out, ",\n      \"related\": [");
	for (u32 i = 0; i < f->related_count; i++) {
		out_printf(out, "%s { ", i ? "," : "");
		json_place(out, f->related[i]);
		out_printf(out, " }");
	}
	out_printf(out, "%s] }", f->related_count ? " " : "");
}

static void print_json(const struct diag *diag, struct out *out)
{
	out_printf(out, "{\n  \"tool\": \"cellgen\",\n  \"count\": %u,\n  \"findings\": [", diag->count);
	for (u32 i = 0; i < diag->count; i++) {
		out_printf(out, i ? ",\n" : "\n");
		json_finding(out, &diag->findings[i]);
	}
	out_printf(out, "\n  ]\n}\n");
}

/* ---- sarif ---- */

/* A file as a URI reference (RFC 3986): relative as the user gave it, so that it means the same in his checkout. */
static const char *uri(const char *file)
{
	struct out out = {0};

	out_printf(&out, "%s", file[0] == '/' ? "file://" : strchr(file, ':') ? "./" : "");
	for (; *file; file++) {
		u8 c = (u8)*file;
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~/", c);

		out_printf(&out, plain ? "%c" : "%%%02X", c);
	}
	return out.data;
}

static void sarif_place(struct out *out, struct pos at)
{
	out_printf(out, "\"physicalLocation\": { \"artifactLocation\": { ");
	text(out, "uri", uri(at.file));
	out_printf(out, " }, \"region\": { \"startLine\": %u, \"startColumn\": %u } }", at.line, at.col ? at.col : 1);
}

static void sarif_related(struct out *out, const struct finding *f)
{
	if (f->related_count == 0) {
		return;
	}
	out_printf(out, ",\n          \"relatedLocations\": [");
	for (u32 i = 0; i < f->related_count; i++) {
		out_printf(out, "%s\n            { \"id\": %u, \"message\": { ", i ? "," : "", i + 1);
		text(out, "text", mem_format("%s:%u", f->related[i].file, f->related[i].line));
		out_printf(out, " }, ");
		sarif_place(out, f->related[i]);
		out_printf(out, " }");
	}
	out_printf(out, "\n          ]");
}

static void sarif_result(struct out *out, const struct finding *f)
{
	u32 rule = finding_kind_of(f->id);

	out_printf(out, "        { ");
	text(out, "ruleId", f->id);
	if (finding_kind_at(rule)) {
		out_printf(out, ", \"ruleIndex\": %u", rule);
	}
	out_printf(out, ", \"level\": \"error\", \"message\": { ");
	text(out, "text", f->text);
	out_printf(out, " },\n          \"locations\": [");
	if (f->at.file) {
		out_printf(out, " { ");
		sarif_place(out, f->at);
		out_printf(out, " } ");
	}
	out_printf(out, "]");
	sarif_related(out, f);
	out_printf(out, " }");
}

static void sarif_rules(struct out *out)
{
	for (u32 i = 0; finding_kind_at(i); i++) {
		const struct finding_kind *kind = finding_kind_at(i);

		out_printf(out, i ? ",\n        { " : "\n        { ");
		text(out, "id", kind->id);
		out_printf(out, ", \"shortDescription\": { ");
		text(out, "text", kind->meaning);
		out_printf(out, " }, \"help\": { ");
		text(out, "text", kind->advice);
		out_printf(out, " } }");
	}
}

static void print_sarif(const struct diag *diag, struct out *out)
{
	out_printf(out, "{\n  \"$schema\": \"" SARIF_SCHEMA "\",\n  \"version\": \"2.1.0\",\n  \"runs\": [ {\n"
		   "      \"tool\": { \"driver\": { \"name\": \"cellgen\", \"rules\": [");
	sarif_rules(out);
	out_printf(out, "\n      ] } },\n      \"results\": [");
	for (u32 i = 0; i < diag->count; i++) {
		out_printf(out, i ? ",\n" : "\n");
		sarif_result(out, &diag->findings[i]);
	}
	out_printf(out, "\n      ]\n  } ]\n}\n");
}

/* ---- which ---- */

bool diag_format_known(const char *format)
{
	return strcmp(format, "human") == 0 || strcmp(format, "json") == 0 || strcmp(format, "sarif") == 0;
}

void diag_print(struct diag *diag, const char *format)
{
	struct out out = {0};

	diag_sort(diag);
	if (strcmp(format, "human") == 0) {
		print_human(diag);
		return;
	}
	if (strcmp(format, "json") == 0) {
		print_json(diag, &out);
	} else {
		print_sarif(diag, &out);
	}
	if (fwrite(out.data, 1, out.size, stdout) != out.size || fflush(stdout) != 0) {
		fatal("cannot write the findings to stdout");
	}
}

/* For tools/findings, which makes docs/findings.md of it: identifier, subject, meaning, advice, with tabs between. */
void findings_list(void)
{
	for (u32 i = 0; finding_kind_at(i); i++) {
		const struct finding_kind *kind = finding_kind_at(i);

		printf("%s\t%s\t%s\t%s\n", kind->id, kind->subject, kind->meaning, kind->advice);
	}
}
