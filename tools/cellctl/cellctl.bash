# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Completion for bash: `. tools/cellctl/cellctl.bash`, or put it into /etc/bash_completion.d. It asks the program itself what
# commands and options there are; names of cells it asks the board, if that answers within a second.

_cellctl_words() { # [COMMAND]: options of it, or commands and common options
	LC_ALL=C "$_cellctl" $1 --help 2> /dev/null | sed -n 's/^Exit codes.*/&/; /^Exit codes/q; s/^  [- ].[, ] \(--[a-z-]*\).*/\1/p; s/^  \([a-z-]*\) .*/\1/p'
}

_cellctl_cells() {
	"$_cellctl" "${_cellctl_port[@]}" --quiet --timeout 1 --json list 2> /dev/null |
		tr ',{' '\n\n' | sed -n 's/.*"name"[^"]*"\([^"]*\)".*/\1/p'
}

_cellctl_complete() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command= i
	local _cellctl=${COMP_WORDS[0]} _cellctl_port=()

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-p | --port | -b | --baud | -t | --timeout)
			[ "${COMP_WORDS[i]}" != -p ] && [ "${COMP_WORDS[i]}" != --port ] || _cellctl_port=(--port "${COMP_WORDS[i + 1]}")
			i=$((i + 1)) ;;
		-*) ;;
		*) command=${COMP_WORDS[i]}; break ;;
		esac
	done
	case $before in
	-p | --port | -o | --output | -E | --elf | -F | --file | -s | --save | -C | --core | -A | --audit | -B | --build)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return ;;
	esac
	case $command,$word in
	,*) mapfile -t COMPREPLY < <(compgen -W "$(_cellctl_words)" -- "$word") ;;
	*,-*) mapfile -t COMPREPLY < <(compgen -W "$(_cellctl_words "$command")" -- "$word") ;;
	run,* | serve,*) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
	*) mapfile -t COMPREPLY < <(compgen -W "$(_cellctl_cells)" -- "$word") ;;
	esac
}

complete -o filenames -F _cellctl_complete cellctl
