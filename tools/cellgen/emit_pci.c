/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* PCI functions in the reports: where each is, who has it, where its BARs are, on which line it interrupts, what resets it. */
#include "pci.h"

typedef unsigned long long ull;

static const char *line_text(const struct decision *d, const struct function *f)
{
	const struct device *device = &d->devices[f->device];

	return device->irq_count ? mem_format("INT%c on SPI %u", (char)('A' + f->pin - 1), device->irqs[0].intid - SPI_BASE) : "no INTx";
}

static const char *reset_text(const struct function *f)
{
	if (f->no_reset) {
		return mem_format("not reset: %s", f->no_reset);
	}
	return f->reset_write ? mem_format("reset by 0x%x at 0x%x of BAR %u", f->reset_value, f->reset_offset, f->reset_bar) :
				"reset by a function level reset, which boot demands";
}

static const char *bar_kind(const struct bar *bar)
{
	return mem_format("%s bits%s", bar->wide ? "64" : "32", bar->prefetchable ? ", prefetchable" : "");
}

static void emit_function(const struct decision *d, const struct function *f, struct out *out)
{
	out_printf(out, "  %-16s %s of %s, %04x:%04x, ", f->name, pci_address(f->address), d->hosts[f->host].name, f->vendor, f->id);
	if (f->cell == CELL_NONE) {
		out_printf(out, "nobody's: silent  (%s)\n", emit_at(d, f->at));
		return;
	}
	out_printf(out, "'%s', %s, %u MSI vectors, %s  (%s)\n", d->cells[f->cell].name, line_text(d, f), f->vectors, reset_text(f),
		   emit_at(d, f->at));
	for (u32 i = 0; i < f->bar_count; i++) {
		out_printf(out, "    BAR %u at 0x%010llx, 0x%llx bytes, %s\n", f->bars[i].index, (ull)f->bars[i].base, (ull)f->bars[i].size,
			   bar_kind(&f->bars[i]));
	}
}

void emit_functions(const struct decision *d, struct out *out)
{
	if (d->function_count) {
		out_printf(out, "\nPCI FUNCTIONS\n\n");
	}
	for (u32 i = 0; i < d->function_count; i++) {
		emit_function(d, &d->functions[i], out);
	}
}

/* ---- report.json */

static void text(struct out *out, const char *name, const char *value)
{
	out_printf(out, ", \"%s\": ", name);
	emit_json_string(out, value);
}

static void json_bars(const struct function *f, struct out *out)
{
	out_printf(out, ",\n      \"bars\": [");
	for (u32 i = 0; i < f->bar_count && f->cell != CELL_NONE; i++) {
		const struct bar *bar = &f->bars[i];

		out_printf(out, "%s { \"index\": %u, \"base\": \"0x%llx\", \"size\": \"0x%llx\", \"wide\": %s, \"prefetchable\": %s }", i ? "," : "",
			   bar->index, (ull)bar->base, (ull)bar->size, bar->wide ? "true" : "false", bar->prefetchable ? "true" : "false");
	}
	out_printf(out, " ]");
}

static void json_function(const struct decision *d, const struct function *f, struct out *out)
{
	const struct device *device = &d->devices[f->device];

	out_printf(out, "    { \"name\": ");
	emit_json_string(out, f->name);
	text(out, "path", f->node->path);
	text(out, "host", d->hosts[f->host].name);
	text(out, "address", pci_address(f->address));
	text(out, "id", mem_format("%04x:%04x", f->vendor, f->id));
	text(out, "owner", f->cell == CELL_NONE ? "nobody" : d->cells[f->cell].name);
	out_printf(out, ",\n      \"pin\": %u, \"intid\": %u, \"vectors\": %u", f->pin, device->irq_count ? device->irqs[0].intid : 0, f->vectors);
	text(out, "reset", reset_text(f));
	text(out, "no_reset", f->no_reset ? f->no_reset : "");
	text(out, "from", emit_at(d, f->at));
	json_bars(f, out);
	out_printf(out, " }");
}

void emit_json_functions(const struct decision *d, struct out *out)
{
	out_printf(out, "  \"functions\": [\n");
	for (u32 i = 0; i < d->function_count; i++) {
		json_function(d, &d->functions[i], out);
		out_printf(out, i + 1 < d->function_count ? ",\n" : "\n");
	}
	out_printf(out, "  ],\n");
}
