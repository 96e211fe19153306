// SPDX-License-Identifier: Apache-2.0

package statsd

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	// queueMax bounds the requests that wait for the socket.
	queueMax = 4096
	// packetBytesMax is the payload of a datagram that no Ethernet on the way
	// splits: 1500 bytes without the headers of IPv6 and UDP, and of a tunnel.
	packetBytesMax = 1432
	// resolveEvery is how long a resolved name counts. Swift resolves the name for
	// each line: an operator may move the statsd to another address.
	resolveEvery = time.Minute
	// resolveMax bounds a question to the name server.
	resolveMax = 5 * time.Second
	// writeMax bounds the wait for room in the socket's buffer.
	writeMax = time.Second
)

// Options are the settings of a Client.
type Options struct {
	Host string
	Port int
	// Prefix stands before each name, with a dot (Swift's
	// log_statsd_metric_prefix). "": nothing does.
	Prefix string
	// Rate is the share of the lines that are sent, 0 to 1.
	Rate   float64
	Logger *slog.Logger
}

// Client sends the figures of requests. It is safe for concurrent use.
type Client struct {
	address string
	lines   encoder
	log     *slog.Logger
	queue   chan Request
	dropped atomic.Int64
	now     func() time.Time

	// The fields below belong to Run.
	conn     net.Conn  // nil: not connected
	resolved time.Time // when conn was made, or could not be made
	packet   []byte
}

// New returns a client that sends while Run runs.
func New(o Options) *Client {
	if o.Prefix != "" {
		o.Prefix += "."
	}
	return &Client{
		address: net.JoinHostPort(o.Host, strconv.Itoa(o.Port)),
		lines:   encoder{prefix: o.Prefix, rate: o.Rate, random: rand.Float64},
		log:     o.Logger,
		queue:   make(chan Request, queueMax),
		now:     time.Now,
	}
}

// Send sends the figures of a request soon, or drops the request if too many
// wait. Send returns at once.
func (c *Client) Send(r Request) {
	select {
	case c.queue <- r:
	default:
		c.dropped.Add(1)
	}
}

// Dropped returns how many requests found no room in the queue.
func (c *Client) Dropped() int64 { return c.dropped.Load() }

// Run sends until ctx ends, and then the requests that wait.
func (c *Client) Run(ctx context.Context) {
	defer c.disconnect()
	for {
		select {
		case r := <-c.queue:
			c.send(r)
		case <-ctx.Done():
			select {
			case r := <-c.queue:
				c.send(r)
			default:
				return
			}
		}
	}
}

// send sends a request and the requests that wait behind.
func (c *Client) send(r Request) {
	var buf [256]byte
	for more := true; more; {
		c.lines.lines(buf[:0], &r, c.add)
		select {
		case r = <-c.queue:
		default:
			more = false
		}
	}
	c.flush()
}

// add adds a line to the packet. A full packet is sent first.
func (c *Client) add(line []byte) {
	if len(c.packet) > 0 && len(c.packet)+1+len(line) > packetBytesMax {
		c.flush()
	}
	if len(c.packet) > 0 {
		c.packet = append(c.packet, '\n')
	}
	c.packet = append(c.packet, line...)
}

// flush sends the packet. A packet that cannot be sent is lost, as a datagram
// may be.
func (c *Client) flush() {
	defer func() { c.packet = c.packet[:0] }()
	if len(c.packet) == 0 {
		return
	}
	c.connect()
	if c.conn == nil {
		return
	}
	_ = c.conn.SetWriteDeadline(c.now().Add(writeMax)) // fails for a closed socket alone
	// An error tells of an earlier packet too: nobody listens at the port.
	_, _ = c.conn.Write(c.packet)
}

// connect resolves the name of the statsd, at most every resolveEvery.
func (c *Client) connect() {
	if now := c.now(); c.resolved.IsZero() || now.Sub(c.resolved) >= resolveEvery {
		c.resolved = now
		dialer := net.Dialer{Timeout: resolveMax}
		conn, err := dialer.Dial("udp", c.address)
		if err != nil {
			c.log.Warn("the name of the statsd has no address", "address", c.address, "err", err)
			return // the address before counts
		}
		c.disconnect()
		c.conn = conn
	}
}

func (c *Client) disconnect() {
	if c.conn != nil {
		_ = c.conn.Close() // nothing is buffered
		c.conn = nil
	}
}
