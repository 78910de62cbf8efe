// Command berth takes a Dockerfile and gives back a load-balanced https:// URL on AWS.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"berth/cmd/internal/cli"
	"berth/cmd/internal/early"
)

func main() {
	early.Restore()
	signals := make(chan os.Signal, 3)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup wants a closed terminal to be no matter
		signal.Notify(signals, syscall.SIGHUP)
	}
	os.Exit(cli.Main(context.Background(), cli.Process{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Columns:  columns(os.Stderr),
		Terminal: term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stdout.Fd())),
		Signals:  signals,
		Exit:     os.Exit,
	}, os.Args[1:]))
}

// columns is how wide a terminal is, zero for what is none.
func columns(f *os.File) int {
	w, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return w
}
