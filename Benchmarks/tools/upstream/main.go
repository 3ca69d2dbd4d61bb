// SPDX-License-Identifier: Apache-2.0

// Command upstream is the API server's stand-in for what nginx cannot be: watches that stay open, answers of any size,
// and tunnels that say everything back.
//
//	upstream ADDRESS POD_FILE
package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strconv"
	"strings"
)

type request struct {
	target  string
	upgrade string
	key     string
}

// accept is RFC 6455 section 4.2.2's proof of having read the key; HAProxy looks at it.
func accept(key string) string {
	digest := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(digest[:])
}

func read(r *bufio.Reader) (request, error) {
	var q request
	for first := true; ; first = false {
		line, err := r.ReadString('\n')
		if err != nil {
			return q, err
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			return q, nil
		}
		if first {
			if words := strings.Fields(line); len(words) > 1 {
				q.target = words[1]
			}
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		switch strings.ToLower(name) {
		case "upgrade":
			q.upgrade = strings.TrimSpace(value)
		case "sec-websocket-key":
			q.key = strings.TrimSpace(value)
		}
	}
}

func serve(c net.Conn, pod string) {
	defer c.Close()
	// Small, so that thousands of held watches fit the machine.
	r := bufio.NewReaderSize(c, 2048)
	for {
		q, err := read(r)
		if err != nil {
			return
		}
		switch {
		case q.upgrade != "":
			fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n"+
				"Sec-WebSocket-Accept: %s\r\n\r\n", q.upgrade, accept(q.key))
			io.CopyBuffer(struct{ io.Writer }{c}, struct{ io.Reader }{r}, make([]byte, 65536))
			return
		case strings.Contains(q.target, "watch=true"):
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"+
				"6\r\nfirst\n\r\n")
		case strings.Contains(q.target, "?bytes="):
			n, _ := strconv.Atoi(q.target[strings.LastIndexByte(q.target, '=')+1:])
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
				n, strings.Repeat("y", n))
		default:
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
				len(pod), pod)
		}
	}
}

func main() {
	pod, err := os.ReadFile(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for {
		c, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go serve(c, string(pod))
	}
}
