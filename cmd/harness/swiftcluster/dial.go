// SPDX-License-Identifier: Apache-2.0

package swiftcluster

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Dial connects to an address inside the cluster, such as ProxyAddr, from this
// process. A socket belongs for ever to the network namespace of the thread that made
// the socket.
func (c *Cluster) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	type result struct {
		conn net.Conn
		err  error
	}
	done := make(chan result, 1)
	go func() {
		// The thread never goes back to Go's scheduler: a locked thread ends with the
		// goroutine, and with the thread the foreign namespace.
		runtime.LockOSThread()
		conn, err := dialInside(ctx, c.pid, network, addr)
		done <- result{conn, err}
	}()
	r := <-done
	return r.conn, r.err
}

func dialInside(ctx context.Context, pid int, network, addr string) (net.Conn, error) {
	namespace, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err != nil {
		return nil, fmt.Errorf("the cluster does not run: %w", err)
	}
	defer namespace.Close()
	if err := unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, fmt.Errorf("setns: %w", err)
	}
	// A literal address needs no lookup, and so no second goroutine.
	var dialer net.Dialer
	return dialer.DialContext(ctx, network, addr)
}
