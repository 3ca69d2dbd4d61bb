// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// atOnce is how many connections are being opened at a time.
const atOnce = 16

// hold opens and closes watches until as many are held as the last line of standard input says.
// bytes: the size of an answer that goes over each connection before its watch; 0: none.
func hold(to target, size int) {
	var held []io.Closer
	open := func() (io.Closer, error) { return watch(to, size) }
	if to.isHTTP2 {
		client := overStreams()
		open = func() (io.Closer, error) { return watchStream(client, to) }
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		wanted, _ := strconv.Atoi(strings.TrimSpace(lines.Text()))
		for len(held) > wanted {
			held[len(held)-1].Close()
			held = held[:len(held)-1]
		}
		opened, failure := openAll(open, wanted-len(held))
		held = append(held, opened...)
		result := map[string]any{"held": len(held)}
		if failure != nil {
			result["error"] = failure.Error()
		}
		say(result)
	}
}

func openAll(open func() (io.Closer, error), count int) (opened []io.Closer, failure error) {
	var lock sync.Mutex
	var group sync.WaitGroup
	room := make(chan struct{}, atOnce)
	for range max(count, 0) {
		room <- struct{}{}
		group.Go(func() {
			defer func() { <-room }()
			c, err := open()
			lock.Lock()
			defer lock.Unlock()
			if err != nil {
				failure = err
				return
			}
			opened = append(opened, c)
		})
	}
	group.Wait()
	return opened, failure
}

// watch opens one watch and returns when its first event has come.
func watch(to target, size int) (net.Conn, error) {
	c, err := to.dial(settings())
	if err != nil {
		return nil, err
	}
	if size > 0 {
		path := fmt.Sprintf("/api/v1/namespaces/default/pods?bytes=%d", size)
		if err := fetch(c, bufio.NewReaderSize(c, 4096), to.request(path, "")); err != nil {
			return nil, fmt.Errorf("before the watch: %w", err)
		}
	}
	if _, err := c.Write(to.request(watchPath, "")); err != nil {
		return nil, err
	}
	var got []byte
	buffer := make([]byte, 1024)
	for !bytes.Contains(got, []byte("first")) {
		n, err := c.Read(buffer)
		if err != nil {
			return nil, fmt.Errorf("%w after %q", err, got)
		}
		got = append(got, buffer[:n]...)
	}
	c.SetDeadline(time.Time{})
	return c, nil
}
