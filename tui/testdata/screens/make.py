#!/usr/bin/env python3
"""Makes the screens that the README shows, from real runs: the binary in tmux, driven by keys, on a simulated
account. Each screen is written as text beside this file and, where Pillow and DejaVu Sans Mono are installed,
as PNG. Usage: make.py BERTH"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BERTH = os.path.abspath(sys.argv[1])
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans%s.ttf"


class Terminal:
    """One program in a tmux of its own."""

    def __init__(self, folder, *args, size=(100, 30)):
        self.size = size
        self.name = ["tmux", "-L", "berth-screens-%d" % os.getpid(), "-f", "/dev/null"]
        env = dict(os.environ, TERM="xterm-256color", LANG="C.UTF-8", HOME=folder, XDG_STATE_HOME=folder,
                   AWS_EC2_METADATA_DISABLED="true")
        for name in list(env):
            if name in ("CI", "NO_COLOR", "TMUX") or name.startswith("AWS_") and name != "AWS_EC2_METADATA_DISABLED":
                del env[name]
        command = " ".join(["TERM=tmux-256color COLORTERM=truecolor", BERTH, *args])
        subprocess.run([*self.name, "new-session", "-d", "-x", str(size[0]), "-y", str(size[1]), "-c", folder,
                        "sh -c '%s; sleep 60'" % command], check=True, env=env)
        subprocess.run([*self.name, "set", "-g", "status", "off"], check=True)
        subprocess.run([*self.name, "set", "-g", "escape-time", "0"], check=True)

    def look(self, *how):
        out = subprocess.run([*self.name, "capture-pane", "-p", *how], check=True, capture_output=True)
        return out.stdout.decode()

    def until(self, *texts, soon=120):
        end = time.time() + soon
        while time.time() < end:
            seen = self.look()
            if all(t in seen for t in texts):
                return
            time.sleep(0.05)
        sys.exit("no %s in\n%s" % (texts, self.look()))

    def press(self, *keys):
        subprocess.run([*self.name, "send-keys", *keys], check=True)

    def keep(self, name):
        time.sleep(0.15)  # a frame may be half drawn
        with open(os.path.join(HERE, name + ".txt"), "w", encoding="utf-8") as f:
            f.write("\n".join(l.rstrip() for l in self.look().rstrip("\n").split("\n")) + "\n")
        paint(self.look("-e"), os.path.join(HERE, name + ".png"), *self.size)
        print(name)

    def end(self):
        subprocess.run([*self.name, "kill-server"], check=False)


SIXTEEN = ["#000000", "#cd3131", "#0dbc79", "#e5e510", "#4f8ff7", "#bc3fbc", "#11a8cd", "#d0d0d0",
           "#666666", "#f14c4c", "#23d18b", "#f5f543", "#6fa8ff", "#d670d6", "#29b8db", "#ffffff"]
PAPER, INK, FAINT = "#16181d", "#d8dae0", "#7d828c"


def indexed(n):
    if n < 16:
        return SIXTEEN[n]
    if n >= 232:
        v = 8 + (n - 232) * 10
        return "#%02x%02x%02x" % (v, v, v)
    n -= 16
    return "#%02x%02x%02x" % tuple(0 if c == 0 else 55 + 40 * c for c in (n // 36, n // 6 % 6, n % 6))


def style(now, codes):
    """Takes the numbers of one SGR sequence into a style."""
    codes = [int(c or 0) for c in codes.split(";")]
    while codes:
        c = codes.pop(0)
        if c == 0:
            now = {}
        elif c in (1, 2, 3, 4, 7):
            now = {**now, c: True}
        elif c == 22:
            now = {k: v for k, v in now.items() if k not in (1, 2)}
        elif c in (23, 24, 27):
            now = {k: v for k, v in now.items() if k != c - 20}
        elif c in (38, 48) and codes and codes[0] == 5:
            now = {**now, c: indexed(codes[1])}
            codes = codes[2:]
        elif c in (38, 48) and codes and codes[0] == 2:
            now = {**now, c: "#%02x%02x%02x" % tuple(codes[1:4])}
            codes = codes[4:]
        elif c in (39, 49):
            now = {k: v for k, v in now.items() if k != c - 1}
        elif 30 <= c < 38 or 40 <= c < 48:
            now = {**now, 38 if c < 40 else 48: SIXTEEN[c % 10]}
        elif 90 <= c < 98 or 100 <= c < 108:
            now = {**now, 38 if c < 100 else 48: SIXTEEN[c % 10 + 8]}
    return now


def paint(text, path, width, height):
    try:
        from PIL import Image, ImageDraw, ImageFont
        fonts = {bold: ImageFont.truetype(FONT % ("Mono-Bold" if bold else "Mono"), 14) for bold in (False, True)}
        braille = ImageFont.truetype(FONT % "", 11)  # which the monospaced one does not have
    except (ImportError, OSError):
        return
    w, h, pad = 8, 18, 14
    lines = text.rstrip("\n").split("\n")
    img = Image.new("RGB", (width * w + 2 * pad, height * h + 2 * pad), PAPER)
    draw = ImageDraw.Draw(img)
    now = {}
    for y, line in enumerate(lines[:height]):
        x = 0
        line = re.sub(r"\x1b\]8;.*?(\x1b\\|\x07)", "", line)
        for part in re.split(r"(\x1b\[[0-9;]*m|\x1b[()].)", line):
            if part.startswith("\x1b["):
                now = style(now, part[2:-1])
                continue
            if part.startswith("\x1b"):
                continue
            for char in part:
                ink, paper = now.get(38, FAINT if now.get(2) else INK), now.get(48)
                if now.get(7):
                    ink, paper = paper or PAPER, ink
                at = (pad + x * w, pad + y * h)
                if paper:
                    draw.rectangle([at[0], at[1], at[0] + w - 1, at[1] + h - 1], fill=paper)
                font = braille if "\u2800" <= char <= "\u28ff" else fonts[bool(now.get(1))]
                draw.text(at, char, font=font, fill=ink)
                x += 1
    img.quantize(32).save(path, optimize=True)


def wizard(folder):
    t = Terminal(folder, "demo", "--sim-speed", "15")
    try:
        t.until("All goes well", "begin")
        t.keep("stories")
        t.press("Enter")
        t.until("● Project", "continue")
        t.keep("project")
        t.press("Enter")
        t.until("● Needs", "WebSockets")
        t.keep("needs")
        t.press("Enter")
        t.until("● Compare", "ECS on Fargate", "a month")
        t.keep("compare")
        t.press("Enter")
        t.until("● Settings")
        t.keep("settings")
        t.press("Enter")
        t.until("● Review", "y yes")
        t.keep("review")
        t.press("y")
        t.until("● Deploy", "Load balancer", " left", "after ")
        time.sleep(4)
        t.keep("deploy")
        t.until("is live", "verified")
        t.keep("result")
    finally:
        t.end()


def overview(folder):
    t = Terminal(folder, "demo", "--story", "smooth", "--sim-speed", "400", size=(120, 36))
    try:
        t.until("● Project", "continue")
        for name in ("Needs", "Compare", "Settings", "Review"):
            t.press("Enter")
            t.until("● " + name)
        t.until("y yes")
        t.press("y")
        t.until("is live", "verified")
        time.sleep(30)  # hours of the account, for the load to have a course
        t.press("Enter")
        t.until("runs now", "nothing changed", "requests")
        t.keep("overview")
        t.press("l")
        t.until("The app's log")
        t.keep("log")
    finally:
        t.end()


def failure(folder):
    t = Terminal(folder, "demo", "--sim-speed", "200", "--sim-fault", "oom")
    try:
        t.until("● Project", "continue")
        for name in ("Needs", "Compare", "Settings", "Review"):
            t.press("Enter")
            t.until("● " + name)
        t.until("y yes")
        t.press("y")
        t.until("set memory to")
        t.keep("failure")
    finally:
        t.end()


def main():
    if not shutil.which("tmux"):
        sys.exit("make screens needs tmux")
    for make in (wizard, overview, failure):
        with tempfile.TemporaryDirectory() as folder:
            make(folder)


main()
