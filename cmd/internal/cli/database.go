package cli

import (
	"cmp"
	"fmt"
	"io"
	"net"
	"strconv"

	"github.com/spf13/cobra"

	"berth/cmd/internal/report"
	"berth/engine"
	"berth/engine/fail"
)

func (a *app) databaseCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "database", Short: "Reach the app's database from this machine", Args: noArgs,
		Long:    "The app's database lets the app's tasks in and nobody else. A client on this machine reaches it through one of them.",
		Example: "  berth database connect",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.databaseConnect())
	return cmd
}

func (a *app) databaseConnect() *cobra.Command {
	var flags said
	in := engine.Tunnel{}
	cmd := &cobra.Command{
		Use: "connect", Short: "Open a tunnel to the app's database", Args: noArgs,
		Long: "Opens a tunnel through a task that runs, and says how a client on this machine signs in. It lasts until Ctrl-C. It takes\n" +
			"service.exec = true in berth.toml and Amazon's session-manager-plugin on this machine; where that is missing, the command is\n" +
			"printed that opens the tunnel elsewhere. With --to it leads to any host that the app's tasks reach, such as its cache.",
		Example: "  berth database connect\n  berth database connect --port 5433\n  berth database connect --to db.example.com:5432",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if in.Local < 0 || in.Local > 65535 {
				return usage(cmd, fmt.Sprintf("--port %d is no port", in.Local))
			}
			return a.watching(cmd.Context(), flags, func(w *engine.Watch) error { return a.connect(cmd, w, in) })
		},
	}
	cmd.Flags().IntVar(&in.Local, "port", 0, "port of this machine (default: one that is free)")
	cmd.Flags().StringVar(&in.To, "to", "", "another host that the app's tasks reach, as HOST:PORT")
	cmd.Flags().StringVar(&in.Task, "task", "", "through the task whose ID begins with this")
	takes(cmd, "port", "PORT", nil)
	takes(cmd, "to", "HOST:PORT", nil)
	takes(cmd, "task", "ID", nil)
	a.registerApp(&flags, cmd)
	return cmd
}

// connect keeps a tunnel open, and tells how to use it.
func (a *app) connect(cmd *cobra.Command, w *engine.Watch, in engine.Tunnel) (err error) {
	if in.Local, err = free(cmd, in.Local); err != nil {
		return err
	}
	in.Doing = a.taskIs
	var telling error
	err = w.Connect(cmd.Context(), in, a.Err, func(way engine.Way) {
		telling = a.answer(way, func(out io.Writer) { report.Way(out, way) })
	})
	return cmp.Or(err, telling)
}

// free is a port of this machine that nothing listens on: the one that is wanted, or any.
func free(cmd *cobra.Command, wanted int) (int, error) {
	var listens net.ListenConfig
	l, err := listens.Listen(cmd.Context(), "tcp", "127.0.0.1:"+strconv.Itoa(wanted))
	if err != nil {
		return 0, &fail.Error{
			Class: fail.Refused, Cause: fmt.Sprintf("port %d of this machine is taken", wanted), Evidence: err.Error(),
			Remedy: "name another one with --port, or leave it out for any that is free", Err: err,
		}
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if err := l.Close(); err != nil {
		return 0, fmt.Errorf("let go of port %s: %w", port, err)
	}
	return strconv.Atoi(port)
}
