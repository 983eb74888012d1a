/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* start, stop, kill, restart, suspend, resume; reset-board, power-off. */
#include <string.h>
#include <time.h>

#include "commands.h"

#define RESET_POLLS 100u /* at most five seconds: a board that does not come back */
#define RESET_POLL_MS 50u

#define LOOK_MS 100u

struct wish {
	struct context *x;
	const char *op;
	unsigned cell;
	const char *name;     /* of the cell */
	uint32_t lives;       /* before */
};

static bool is_one_of(const char *word, const char *a, const char *b, const char *c)
{
	return word && (!strcmp(word, a) || (b && !strcmp(word, b)) || (c && !strcmp(word, c)));
}

/* Is the cell where the operation leads to? Or will it not get there (*never)? */
static bool has_come(const struct wish *wish, const struct manage_cell *cell, const char *state, bool *never)
{
	bool ended = is_one_of(state, "off", "stopped", "failed"), again = cell->lives != wish->lives;

	*never = false;
	if (is_one_of(wish->op, "stop", "kill", NULL))
		return ended;
	if (!strcmp(wish->op, "suspend")) {
		*never = ended;
		return is_one_of(state, "suspended", NULL, NULL);
	}
	*never = ended && again; /* it began, and has ended already */
	return is_one_of(state, "running", NULL, NULL) && (again || strcmp(wish->op, "restart"));
}

static int wait_for_state(struct wish *wish, uint64_t seconds, const char **state)
{
	struct timespec pause = { .tv_nsec = LOOK_MS * 1000000 };
	struct cellctl *c = wish->x->c;
	struct manage_cell cell;
	bool never;

	for (uint64_t waited = 0;; waited += LOOK_MS) {
		int error = cellctl_cell(c, wish->cell, &cell);

		if (error)
			return context_failed(wish->x, error);
		*state = cellctl_name(c, NAMES_STATES, cell.state);
		if (has_come(wish, &cell, *state, &never))
			return 0;
		if (never)
			return complain(CELLCTL_NO, _("%s is %s already"), wish->name, *state ? cellctl_word(*state) : "?");
		if (interrupted)
			return CELLCTL_STOPPED;
		if (waited >= seconds * 1000)
			return complain(CELLCTL_TIMEOUT, _("%s is still %s after %llu s"), wish->name, *state ? cellctl_word(*state) : "?", (unsigned long long)seconds);
		nanosleep(&pause, NULL);
	}
}

/* The exit code of what the core has answered. */
static int judge(const struct wish *wish, const char *result)
{
	if (is_one_of(result, "ok", "asked", "already"))
		return 0;
	if (is_one_of(result, "denied", NULL, NULL))
		return complain(CELLCTL_DENIED, _("%s %s: the partition (cloison,controls), or the role at the server, does not allow it"), wish->op, wish->name);
	return complain(CELLCTL_NO, _("%s %s: %s: not in the state it is in"), wish->op, wish->name, result ? cellctl_word(result) : "?");
}

static int operate(struct wish *wish, const char **result)
{
	struct cellctl *c = wish->x->c;
	struct manage_cell cell;
	unsigned number;
	int error, op = cellctl_number(c, NAMES_OPS, wish->op);

	if (op < 0)
		return complain(CELLCTL_UNKNOWN, _("this core has no '%s': it is built without CONFIG_LIFECYCLE"), wish->op);
	if ((error = cellctl_cell(c, wish->cell, &cell)))
		return context_failed(wish->x, error);
	wish->lives = cell.lives;
	error = cellctl_operate(c, wish->cell, (unsigned)op, &number);
	if (error == CELLCTL_DENIED) {
		*result = "denied";
		return 0;
	}
	if (error)
		return context_failed(wish->x, error);
	*result = cellctl_name(c, NAMES_RESULTS, number);
	return 0;
}

int command_operate(struct context *x, int count, char **arguments)
{
	struct wish wish = { .x = x, .op = x->command->name, .name = arguments[0] };
	const char *result = NULL, *state = NULL;
	uint64_t seconds = 0;
	int error;

	(void)count;
	if (!option_number(x, "wait", 0, 86400, &seconds))
		return CELLCTL_USAGE;
	if ((error = context_open(x, NULL)) || (error = context_cell(x, arguments[0], &wish.cell)) || (error = operate(&wish, &result)))
		return error;
	error = judge(&wish, result);
	if (!error && option(x, "wait"))
		error = wait_for_state(&wish, seconds, &state);
	if (x->json) {
		cJSON *document = cJSON_CreateObject();

		json_string(document, "operation", wish.op);
		json_string(document, "cell", wish.name);
		json_string(document, "result", result);
		json_string(document, "state", state);
		int bad = json_print(document);

		return error ? error : bad;
	}
	if (!error)
		printf("%s %s: %s%s%s\n", wish.op, wish.name, cellctl_word(result), state ? ", " : "", state ? cellctl_word(state) : "");
	return error;
}

int command_board(struct context *x, int count, char **arguments)
{
	bool off = !strcmp(x->command->name, "power-off");
	int error = context_open(x, NULL);

	(void)count;
	(void)arguments;
	if (error)
		return error;
	uint32_t boot = cellctl_boot(x->c);

	error = cellctl_board(x->c, off ? BOARD_OFF : BOARD_RESET);
	/* A board that does it has no time to say so. */
	if (error && error != CELLCTL_CLOSED && error != CELLCTL_TIMEOUT && error != CELLCTL_LOST)
		return context_failed(x, error);
	/* It answers first: who asks at once what has become of it would ask the boot that ends. */
	for (unsigned n = 0; n < RESET_POLLS && !off && !error && cellctl_boot(x->c) == boot; n++)
		error = cellctl_poll(x->c, RESET_POLL_MS) ? CELLCTL_LOST : 0;
	if (!x->json) {
		printf("%s: %s\n", x->command->name, error ? _("asked; no answer came, as may be") : _("ok"));
		return 0;
	}
	cJSON *document = cJSON_CreateObject();

	json_string(document, "operation", x->command->name);
	cJSON_AddBoolToObject(document, "answered", !error);
	return json_print(document);
}
