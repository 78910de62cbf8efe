// This program is ten apps, each with a habit that a rehearsal finds, or none.
package main

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	habit, addr := "", ":8080"
	if len(os.Args) > 1 {
		habit = os.Args[1]
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	switch habit {
	case "port":
		addr = ":9999"
	case "loopback":
		addr = "127.0.0.1:8080"
	case "crash":
		fmt.Println("panic: no database")
		os.Exit(3)
	case "variable":
		if os.Getenv("SECRET_KEY_BASE") == "" {
			fmt.Println("** (RuntimeError) environment variable SECRET_KEY_BASE is missing.")
			os.Exit(1)
		}
	case "memory":
		var all [][]byte
		for {
			b := make([]byte, 8<<20)
			for i := range b {
				b[i] = 1
			}
			all = append(all, b)
			fmt.Println(len(all) * 8)
		}
	}
	go func() {
		for range end {
			if habit != "deaf" {
				os.Exit(0)
			}
		}
	}()
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		switch {
		case habit == "redirect" && r.URL.Path == "/":
			http.Redirect(w, r, "/login", http.StatusFound)
		case habit == "loop":
			http.Redirect(w, r, "https://"+r.Host+r.URL.Path, http.StatusMovedPermanently)
		case strings.EqualFold(r.Header.Get("Upgrade"), "websocket") && habit != "no-upgrade":
			sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
			conn, buf, err := w.(http.Hijacker).Hijack()
			if err != nil {
				return
			}
			fmt.Fprintf(buf, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(sum[:]))
			_ = buf.Flush()
			time.Sleep(time.Second)
			_ = conn.Close()
		default:
			if habit == "writes" {
				_ = os.MkdirAll("/data/uploads", 0o755)
				_ = os.WriteFile("/data/uploads/photo", []byte("x"), 0o600)
			}
			fmt.Fprintln(w, "hello")
		}
	})
	fmt.Println("listening on", addr)
	if err := http.ListenAndServe(addr, nil); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
