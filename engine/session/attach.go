package session

import (
	"context"
	"io"

	"berth/engine/fail"
)

// Streams are where a session's input comes from and its output goes to. A terminal is an *os.File.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// Attach carries a session of a command that Wrap has wrapped until that ends, and gives its exit code. A terminal is the
// command's meanwhile, Ctrl-C and its size included, and as it was afterwards. When ctx ends the session ends. A session
// that ends before its command is a Failed fail.Error with what the plugin said.
func (p Plugin) Attach(ctx context.Context, s Session, with Streams) (exit int, err error) {
	cmd, err := p.Command(ctx, s)
	if err != nil {
		return 0, err
	}
	return carry(cmd, with)
}

// verdict is how a session ended.
func (t *told) verdict(ended error) (int, error) {
	switch t.state {
	case after:
		return t.exit, nil
	case before:
		return 0, &fail.Error{
			Class: fail.Failed, Cause: "the session did not start", Evidence: t.words(), Err: ended,
			Remedy: "the image needs /bin/sh for it; one without a shell runs commands of its own with: berth run -- COMMAND",
		}
	}
	return 0, &fail.Error{
		Class: fail.Failed, Cause: "the session ended before the command did", Evidence: t.words(), Err: ended,
		Remedy: "open it again; AWS ends a session after 20 minutes without a key, and with its task",
	}
}
