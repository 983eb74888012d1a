#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What help, manual page, completion and translations say is what there is. check_docs.py FOLDER (of cellctl)"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unicodedata
from pathlib import Path

FOLDER = Path(sys.argv[1]).resolve()
CELLCTL = FOLDER / "cellctl"
TREE = Path(__file__).resolve().parents[2]
TOOL = TREE / "tools/cellctl"


def run(*arguments, language="C", **more):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LC_") and key not in ("LANG", "LANGUAGE")}
    done = subprocess.run([CELLCTL, *arguments], env={**environment, "LC_ALL": language, **more}, capture_output=True, text=True, timeout=20)
    return done.returncode, done.stdout, done.stderr


def commands():
    text = run("--help")[1].split("\nExit codes")[0]
    return re.findall(r"^  ([a-z][a-z-]*) ", text, re.M)


def options(*command):
    return re.findall(r"^  (?:-(.),|   ) --([a-z-]+)", run(*command, "--help")[1], re.M)


def check_manual():
    manual = (TOOL / "cellctl.1").read_text(encoding="utf-8").replace("\\-", "-")
    words = set(re.findall(r"[a-z][a-z-]+", manual))
    for command in commands():
        assert command in words, f"the manual page does not know {command}"
        for letter, name in options(command):
            assert f"--{name}\\fR" in manual, f"the manual page does not know {command} --{name}"
            assert not letter or f"\\fB-{letter}\\fR, \\fB--{name}\\fR" in manual, f"the manual page: {command} -{letter}, --{name}"
    if shutil.which("groff"):
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", TOOL / "cellctl.1"], capture_output=True, text=True)
        assert not done.stderr, done.stderr


def complete(*words):
    script = f". {TOOL}/cellctl.bash; COMP_WORDS=({' '.join(words)!s} ''); [ -z \"$LAST\" ] || COMP_WORDS[-1]=$LAST; " \
             "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _cellctl_complete; printf '%s\\n' \"${COMPREPLY[@]}\""
    def of(last):
        done = subprocess.run(["bash", "-c", script], env={**os.environ, "LAST": last, "CELLCTL_PORT": "/nonexistent"}, capture_output=True, text=True, timeout=30)
        assert not done.stderr, done.stderr
        return done.stdout.split()
    return of


def check_completion():
    found = complete(str(CELLCTL))("")
    assert set(commands()) <= set(found), sorted(set(commands()) - set(found))
    assert complete(str(CELLCTL))("st") == ["status", "start", "stop"], complete(str(CELLCTL))("st")
    assert "--port" in complete(str(CELLCTL))("--")
    assert set(complete(str(CELLCTL), "-p", "x", "trace")("--o")) == {"--output"}
    assert complete(str(CELLCTL), "status")("") == []  # no board
    assert str(TOOL / "cellctl.1") in complete(str(CELLCTL), "crash", "--file")(str(TOOL / "cellctl.1"))


def check_languages():
    if not shutil.which("msgfmt"):
        print("no msgfmt here: translations are not looked at")
        return
    for language in ("ja", "zh_CN"):
        folder = FOLDER / "locale" / language / "LC_MESSAGES"
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["msgfmt", "--check-format", "--check-header", "-o", folder / "cellctl.mo", TOOL / "po" / f"{language}.po"], check=True)
    english = run("nonsense")
    assert english[0] == 2 and "there is no command 'nonsense'" in english[2], english
    for language, words in (("ja_JP.UTF-8", "コマンド 'nonsense' はありません"), ("zh_CN.UTF-8", "没有命令 'nonsense'"), ("zh_CN", "没有命令"), ("ja", "はありません")):
        found = run("nonsense", language=language)
        assert found[0] == 2 and words in found[2], (language, found)
    for language in ("C", "POSIX", "C.UTF-8", "fr_FR.UTF-8", "no such locale", "en_US.UTF-8"):
        assert run("nonsense", language=language) == english, language
    assert run("nonsense", language="ja_JP.UTF-8", LANGUAGE="zh_CN")[2] == run("nonsense", language="zh_CN.UTF-8")[2]
    # Whatever language: the same commands, the same exit code, and numbers as programs read them.
    assert "状態" in run("--help", language="ja_JP.UTF-8")[1]
    if shutil.which("xgettext"):
        subprocess.run([TOOL / "po" / "update", "--check"], check=True)


def columns(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def check_tables(ja):
    """What is asked for is in words, too, and stands under its head."""
    lines = ja("list").splitlines()
    rows = {line.split()[0]: line for line in lines[1:]}
    assert re.match(r"hello +停止 .* 指示による$", rows["hello"]) and re.match(r"linux +失敗 .* フォールト: セルの領域外への書き込み$", rows["linux"]), lines
    for text, row in (("状態", "停止"), ("IRQ", "mediated"), ("最後の終わり", "指示による")):
        assert columns(lines[0].split(text)[0]) == columns(rows["hello"].split(row)[0]), (text, lines)
    audit = ja("audit")
    assert "操作者 停止要求 hello: 成功" in audit and "operator" not in audit, audit
    crash = ja("crash", "linux")
    assert "フォールト: セルの領域外への書き込み" in crash and "自分自身" in crash and not re.search("fault:|write outside|itself|failed|registers", crash), crash


def check_words():
    """The words of the core's tables have translations, and a log has them."""
    if not shutil.which("msgfmt"):
        return
    known = set(re.findall(r'N_\("([^"]*)"\)', (TOOL / "words.c").read_text(encoding="utf-8")))
    for file, table in (("life_table.c", r"life_op_names"), ("life_table.c", r"life_shown_names"), ("life_table.c", r"life_result_names"),
                        ("life_table.c", r"life_reason_names"), ("record.c", r"record_power_names"), ("record.c", r"stop_names"), ("record_life.c", r"stop_names")):
        text = re.search(rf"{table}(?:\[[^]]*\])+ = {{(.*?)\n}};", (TREE / "src/core" / file).read_text(encoding="utf-8"), re.S)[1]
        words = set(re.findall(r'"([^"]*)"', text))
        assert words and words <= known, f"words.c does not know {sorted(words - known)} of {table}"
    with tempfile.TemporaryDirectory() as folder:
        port = f"{folder}/uart"
        started = [subprocess.Popen([FOLDER / "core_sim", "--socket", port])]

        def there(path):
            while not os.path.exists(path):
                assert started[-1].poll() is None
                time.sleep(0.05)
        try:
            there(port)
            started.append(subprocess.Popen([CELLCTL, "-p", port, "-q", "serve", f"{folder}/s"]))
            there(f"{folder}/s.admin")
            more = ("-p", f"{folder}/s.admin", "-t", "10")
            assert run(*more, "stop", "hello", "--wait", "10")[0] == 0
            subprocess.run([CELLCTL, *more, "console", "linux", "--for", "1"], input=b"fault\r", check=True, capture_output=True)
            said = run(*more, "log", language="ja_JP.UTF-8", XDG_STATE_HOME=folder)
            assert said[0] == 0 and re.search(r"停止要求 hello: (要求済み|成功)", said[1]) and "停止させたもの: 操作者" in said[1] and "stop" not in said[1] and "cellctl" not in said[2], said

            def ja(*command):
                return run(*more, *command, language="ja_JP.UTF-8")[1]
            check_tables(ja)
        finally:
            for process in reversed(started):
                process.terminate()
                process.wait(20)


def main():
    check_manual()
    check_completion()
    check_languages()
    check_words()
    print(f"{len(commands())} commands, their manual page, completion and translations")


main()
