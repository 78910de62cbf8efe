package sim

import (
	"strconv"
	"strings"
	"time"
)

// program is what a command of one's own does in a simulated task: the simulated account has no shell, and knows a few
// words of one, separated by semicolons, in sh -c TEXT or as the command itself: echo WORDS, seq N, sleep SECONDS, exit
// CODE. Anything else says that it is done.
type program struct {
	lines []string
	exit  int32
	takes time.Duration
}

// programOf reads a command.
func programOf(command []string) (p program, known bool) {
	text := strings.Join(command, " ")
	if len(command) == 3 && (command[0] == "sh" || command[0] == "/bin/sh") && command[1] == "-c" {
		text = command[2]
	}
	for one := range strings.SplitSeq(text, ";") {
		words := strings.Fields(one)
		if len(words) == 0 {
			continue
		}
		n := 0
		if len(words) == 2 {
			n, _ = strconv.Atoi(words[1])
		}
		switch words[0] {
		case "echo":
			p.lines = append(p.lines, strings.Join(words[1:], " "))
		case "seq":
			for i := range n {
				p.lines = append(p.lines, strconv.Itoa(i+1))
			}
		case "sleep":
			p.takes += time.Duration(n) * time.Second
		case "exit":
			p.exit = int32(n)
			return p, true
		default:
			return program{}, false
		}
	}
	return p, true
}
