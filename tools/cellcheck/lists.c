/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Load lists: what is copied from where to where, before a cell's first instruction. Which
 * image section is which piece follows from the order: of cells, then kernel, initrd, device tree.
 */
#include <libfdt.h>
#include <nettle/sha2.h>
#include <string.h>

#include "cellcheck.h"

static size_t count_of(const struct ask_cell *ask)
{
	return ask->initrd ? 3 : 2;
}

/* What the list says, without judging it; with the image section each piece must be. */
size_t list_pieces(struct check *c, size_t cell, struct piece piece[3])
{
	const u8 *page = table_page(c, c->cells[cell].list);
	size_t count = count_of(&c->ask->cells.v[cell]), image = 0;

	memset(piece, 0, 3 * sizeof *piece);
	for (size_t i = 0; i < cell; i++)
		image += count_of(&c->ask->cells.v[i]);
	for (size_t k = 0; k < count; k++) {
		const u8 *p = page ? page + 16 + 24 * k : NULL;

		piece[k].image = image_section(c->img, arena_text(&c->arena, ".image.%zu", image + k));
		if (p)
			piece[k] = (struct piece) { get(p, 8), get(p + 8, 8), get(p + 16, 8), piece[k].image };
	}
	return count;
}

static const char *piece_name(size_t k, size_t count)
{
	return k == 0 ? "kernel" : k + 1 < count ? "initrd" : "device tree";
}

/* The bytes of the image, then zeros to the end of its last page. */
static void check_piece(struct check *c, const char *who, const struct piece *p)
{
	const struct section *s = p->image;
	u64 size = s->size < p->size ? s->size : p->size;

	if (p->source % PAGE || (p->source ^ s->base) % (2 * MIB) || p->source < LOAD_IMAGES || p->source >= LOAD_END ||
		s->size > LOAD_END - p->source)
		finding(c, "load", "%s: source 0x%llx is not where 0x%llx can be in the load window", who, p->source, s->base);
	if (!p->size || p->size % 16 || s->size % PAGE || s->base % PAGE || p->size > s->size || s->size - p->size >= PAGE)
		finding(c, "load", "%s: 0x%llx bytes are not a file in %s of 0x%llx bytes", who, p->size, s->name, s->size);
	for (u64 i = size; i < s->size; i++)
		if (s->bytes[i]) {
			finding(c, "load", "%s: bytes in %s that are not copied", who, s->name);
			break;
		}
	if (span_meet((struct span) { s->base, s->size }, (struct span) { c->img->hyp_base, c->img->hyp_size }) ||
		s->base + s->size > c->img->image_end)
		finding(c, "load", "%s: %s is not between the hypervisor's memory and image_end", who, s->name);
}

static void check_target(struct check *c, size_t cell, const char *who, const struct piece *p)
{
	const struct ask_cell *ask = &c->ask->cells.v[cell];
	bool inside = false;

	for (size_t i = 0; i < ask->ram.n; i++)
		inside |= span_holds((struct span) { ask->ram.v[i].base, ask->ram.v[i].size }, (struct span) { p->target, p->size });
	if (!inside)
		finding(c, "load", "%s: is copied to guest address 0x%llx, 0x%llx bytes: not the cell's RAM", who, p->target, p->size);
}

static u64 chosen_number(const void *fdt, const char *name)
{
	int length = 0;
	const u8 *p = fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), name, &length);

	return p && length == 8 ? get_be(p, 8) : 0;
}

/* A list copies multiples of 16 bytes: what it copies behind the end of the file is zero. */
static void check_tail(struct check *c, const char *who, const struct piece *p, u64 length)
{
	for (u64 i = length; i < p->size && i < p->image->size; i++)
		if (p->image->bytes[i]) {
			finding(c, "load", "%s: byte 0x%llx of %s is copied, but behind the end of the file and not zero", who, i, p->image->name);
			return;
		}
}

/* The guest's own tree: as long as it says, and right about the initrd. */
static void check_tree(struct check *c, const char *who, const struct piece *tree, const struct piece *initrd)
{
	const void *fdt = tree->image->bytes;
	u64 start, end;

	if (tree->image->size < 64 || fdt_check_full(fdt, tree->image->size)) {
		finding(c, "load", "%s: is no flattened device tree", who);
		return;
	}
	check_tail(c, who, tree, fdt_totalsize(fdt));
	expect(c, "load", who, "size", tree->size, (fdt_totalsize(fdt) + 15ull) & ~15ull);
	start = chosen_number(fdt, "linux,initrd-start");
	end = chosen_number(fdt, "linux,initrd-end");
	if (start > end || !initrd != !end || (initrd && (start != initrd->target || (end - start + 15) / 16 * 16 != initrd->size)))
		finding(c, "load", "%s: says that the initrd is at 0x%llx to 0x%llx, which it is not", who, start, end);
	else if (initrd)
		check_tail(c, who, initrd, end - start);
}

static void check_list(struct check *c, size_t cell)
{
	const char *name = c->ask->cells.v[cell].name;
	const u8 *page = table_page(c, c->cells[cell].list);
	struct piece piece[3];
	size_t count = list_pieces(c, cell, piece);
	bool images = true;

	if (!page || !table_take(c, arena_text(&c->arena, "load list of '%s'", name), c->cells[cell].list, (u32)(3000000 + cell))) {
		finding(c, "load", "cell '%s' has no load list at 0x%llx under its load root", name, LOAD_LIST);
		return;
	}
	expect(c, "load", name, "number of pieces", get(page, 8), count);
	expect(c, "load", name, "word 1 of the load list", get(page + 8, 8), 0);
	for (size_t at = 16 + 24 * count; at < PAGE; at++)
		if (page[at]) {
			finding(c, "load", "load list of '%s': byte %zu is behind its end and not zero", name, at);
			break;
		}
	for (size_t k = 0; k < count; k++) {
		char *who = arena_text(&c->arena, "%s of '%s'", piece_name(k, count), name);

		images = images && piece[k].image;
		if (!piece[k].image)
			finding(c, "load", "%s: there is no image section for it", who);
		else
			check_piece(c, who, &piece[k]);
		check_target(c, cell, who, &piece[k]);
		for (size_t n = 0; n < k; n++)
			if (span_meet((struct span) { piece[n].target, piece[n].size }, (struct span) { piece[k].target, piece[k].size }))
				finding(c, "load", "%s: is copied over the %s", who, piece_name(n, count));
	}
	if (images) {
		check_kernel(c, cell, arena_text(&c->arena, "kernel of '%s'", name), &piece[0]);
		check_tree(c, arena_text(&c->arena, "device tree of '%s'", name), &piece[count - 1], count == 3 ? &piece[1] : NULL);
	}
}

void check_lists(struct check *c)
{
	size_t images = 0;

	for (size_t i = 0; i < c->ask->cells.n; i++) {
		check_list(c, i);
		images += count_of(&c->ask->cells.v[i]);
	}
	for (size_t i = 0; i < c->img->sections.n; i++)
		images -= !strncmp(c->img->sections.v[i].name, ".image.", 7);
	if (images)
		finding(c, "load", "the number of image sections is not that of the cells' files");
}

/*
 * ---- machine_hash: SHA-256 over the partition's DTB, then target of the kernel and entry of each cell, 8 bytes each,
 * then kernel and initrd of each cell
 */

/*
 * The image does not say how long a kernel's file is, only how long rounded up to 16. The
 * hash does: it is that of one combination of the lengths that are possible. Likely ones first.
 */
#define EFFORT (512 * MIB) /* bytes to hash before giving up */

struct search {
	struct check *c;
	u8 wanted[SHA256_DIGEST_SIZE];
	u64 effort;
	bool found;
};

static void search_cell(struct search *s, size_t cell, const struct sha256_ctx *before);

static void search_length(struct search *s, size_t cell, const struct sha256_ctx *kernel, u64 length, const struct piece *piece)
{
	struct sha256_ctx ctx = *kernel;
	u64 from = (piece[0].size - 1) / 16 * 16;
	const struct piece *tree = &piece[s->c->ask->cells.v[cell].initrd ? 2 : 1];

	sha256_update(&ctx, length - from, piece[0].image->bytes + from);
	if (s->c->ask->cells.v[cell].initrd) {
		const void *fdt = tree->image->bytes;
		u64 size = chosen_number(fdt, "linux,initrd-end") - chosen_number(fdt, "linux,initrd-start");

		sha256_update(&ctx, size < piece[1].image->size ? size : piece[1].image->size, piece[1].image->bytes);
		s->effort += piece[1].image->size;
	}
	search_cell(s, cell + 1, &ctx);
}

static void search_cell(struct search *s, size_t cell, const struct sha256_ctx *before)
{
	struct sha256_ctx ctx = *before;
	struct piece piece[3];
	u64 from;

	if (cell == s->c->ask->cells.n) {
		u8 digest[SHA256_DIGEST_SIZE];

		sha256_digest(&ctx, sizeof digest, digest);
		s->found = s->found || !memcmp(digest, s->wanted, sizeof digest);
		return;
	}
	list_pieces(s->c, cell, piece);
	from = (piece[0].size - 1) / 16 * 16;
	sha256_update(&ctx, from, piece[0].image->bytes);
	s->effort += from + 512;
	for (u64 step = 16; step && !s->found && s->effort < EFFORT; step /= 2)
		for (u64 n = 16; n && !s->found && s->effort < EFFORT; n--) {
			u64 end = from + n;
			bool zeros = n % step == 0 && (step == 16 || n % (2 * step));

			for (u64 i = end; zeros && i < from + 16; i++)
				zeros = !piece[0].image->bytes[i];
			if (zeros)
				search_length(s, cell, &ctx, end, piece);
		}
}

static bool parse_hash(struct check *c, struct search *s)
{
	struct object o = object_get(c, "machine_hash", 65);

	if (!o.p || o.p[64] || strspn((const char *)o.p, "0123456789abcdef") != 64) {
		finding(c, "hash", "machine_hash is not 64 hex digits");
		return false;
	}
	for (int i = 0; i < SHA256_DIGEST_SIZE; i++) {
		unsigned byte = 0;

		sscanf((const char *)o.p + 2 * i, "%2x", &byte);
		s->wanted[i] = (u8)byte;
	}
	c->hash = arena_text(&c->arena, "%s", (const char *)o.p);
	return true;
}

static void hash_start(struct check *c, size_t cell, struct sha256_ctx *ctx)
{
	struct piece p[3];
	u8 bytes[16];

	list_pieces(c, cell, p);
	for (int i = 0; i < 8; i++) {
		bytes[i] = (u8)(p[0].target >> 8 * i);
		bytes[8 + i] = (u8)(c->cells[cell].entry >> 8 * i);
	}
	sha256_update(ctx, sizeof bytes, bytes);
}

void check_hash(struct check *c)
{
	struct search s = { .c = c };
	struct sha256_ctx ctx;

	if (!parse_hash(c, &s))
		return;
	for (size_t i = 0; i < c->ask->cells.n; i++) {
		struct piece p[3];
		size_t count = list_pieces(c, i, p);

		for (size_t k = 0; k < count; k++)
			if (!p[k].image || !p[k].size || p[k].size % 16 || p[k].size > p[k].image->size)
				return; /* found already */
		if (fdt_check_full(p[count - 1].image->bytes, p[count - 1].image->size))
			return;
	}
	sha256_init(&ctx);
	sha256_update(&ctx, c->partition_size, c->partition);
	for (size_t i = 0; i < c->ask->cells.n; i++)
		hash_start(c, i, &ctx);
	search_cell(&s, 0, &ctx);
	if (!s.found && s.effort < EFFORT)
		finding(c, "hash", "machine_hash is not that of this partition with the kernels and initrds in the image");
	else if (!s.found)
		*VEC_ADD(&c->arena, c->notes) = arena_text(&c->arena,
			"machine_hash could not be confirmed: too many possible lengths of kernels");
}
