/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Words of /chosen/bootargs: enough of a flattened tree reader for that one property. */
#include "guest.h"

static const char *args = "";

static u32 be32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

u64 tree_end(u64 dtb)
{
	return dtb + be32((const u8 *)dtb + 4);
}

void args_init(u64 dtb)
{
	const u8 *t = (const u8 *)dtb;
	const u8 *p, *end;
	const char *names;

	if (!dtb || be32(t) != 0xd00dfeed)
		return;
	p = t + be32(t + 8);
	end = p + be32(t + 36);
	names = (const char *)t + be32(t + 12);
	while (p < end) {
		u32 token = be32(p);
		p += 4;
		if (token == 1) { /* begin node */
			p += (strlen((const char *)p) + 4) & ~3UL;
		} else if (token == 3) { /* property */
			u32 size = be32(p);
			if (strcmp(names + be32(p + 4), "bootargs") == 0 && size)
				args = (const char *)p + 8;
			p += 8 + ((size + 3) & ~3u);
		} else if (token == 9) {
			break;
		}
	}
}

/* Position behind "name=" at the start of a word, or NULL. */
static const char *find(const char *name)
{
	const char *s = args;
	size_t n = strlen(name);

	while (*s) {
		size_t i = 0;
		while (i < n && s[i] == name[i])
			i++;
		if (i == n && s[n] == '=')
			return s + n + 1;
		while (*s && *s != ' ')
			s++;
		while (*s == ' ')
			s++;
	}
	return NULL;
}

bool args_get(const char *name, char *value, u32 size)
{
	const char *s = find(name);
	u32 n = 0;

	if (!s)
		return false;
	while (*s && *s != ' ' && n + 1 < size)
		value[n++] = *s++;
	value[n] = 0;
	return true;
}

u64 args_u64(const char *name, u64 otherwise)
{
	const char *s = find(name);
	u64 value = 0;
	u32 base = 10;

	if (!s)
		return otherwise;
	if (s[0] == '0' && s[1] == 'x') {
		base = 16;
		s += 2;
	}
	for (;; s++) {
		u32 digit = *s >= '0' && *s <= '9' ? (u32)(*s - '0') : *s >= 'a' && *s <= 'f' ? (u32)(*s - 'a') + 10 : 99;
		if (digit >= base)
			return value;
		value = value * base + digit;
	}
}
