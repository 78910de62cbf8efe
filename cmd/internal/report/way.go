package report

import (
	"fmt"
	"io"

	"berth/engine"
)

// Way writes where a tunnel leads and how a client uses it. The password is in none of it: it says where that is.
func Way(w io.Writer, way engine.Way) {
	fmt.Fprintf(w, "127.0.0.1:%d leads to %s:%d, through task %s\n", way.Local, way.Host, way.Port, way.Task)
	switch way.Engine {
	case "postgres":
		fmt.Fprintf(w, "  client    psql \"host=127.0.0.1 port=%d user=%s dbname=%s sslmode=require\"\n", way.Local, way.User, way.Name)
	case "mysql":
		fmt.Fprintf(w, "  client    mysql --host=127.0.0.1 --port=%d --user=%s --password --ssl-mode=REQUIRED %s\n", way.Local, way.User, way.Name)
	}
	if way.Password != "" {
		fmt.Fprintf(w, "  password  aws ssm get-parameter --region %s --name %s --with-decryption --query Parameter.Value --output text\n", way.Region, way.Password)
	}
	fmt.Fprintln(w, "Ctrl-C closes it.")
}
