// SPDX-License-Identifier: Apache-2.0

package cnamelookup

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"
)

// DNS asks name servers over UDP, in turn until a server answers. The standard
// library follows chains itself and hides their links, and so cannot tell a
// link below the storage domain from the end of the chain.
type DNS struct{ servers []netip.AddrPort }

const (
	dnsPort = 53
	// attemptTimeout is how long a server may take.
	attemptTimeout = 2 * time.Second
	maxServers     = 8
	resolvConf     = "/etc/resolv.conf"
)

// NewDNS returns a DNS with the given servers, each ADDRESS or ADDRESS:PORT.
// Without servers it asks the machine's.
func NewDNS(servers []string) (*DNS, error) {
	if len(servers) == 0 {
		f, err := os.Open(resolvConf)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if fields := strings.Fields(lines.Text()); len(fields) > 1 && fields[0] == "nameserver" {
				servers = append(servers, fields[1])
			}
		}
	}
	d := &DNS{}
	for _, s := range servers[:min(len(servers), maxServers)] {
		addr, err := netip.ParseAddrPort(s)
		if err != nil {
			ip, err := netip.ParseAddr(strings.Trim(s, "[]"))
			if err != nil {
				return nil, fmt.Errorf("name server %q is no address: %w", s, err)
			}
			addr = netip.AddrPortFrom(ip, dnsPort)
		}
		d.servers = append(d.servers, addr)
	}
	if len(d.servers) == 0 {
		return nil, errors.New("there is no name server")
	}
	return d, nil
}

// LookupCNAME asks for a name's CNAME record.
func (d *DNS) LookupCNAME(ctx context.Context, name string) (target string, ttl time.Duration, err error) {
	var id [2]byte
	_, _ = rand.Read(id[:]) // crypto/rand.Read does not fail
	query, err := appendQuery(nil, binary.BigEndian.Uint16(id[:]), name)
	if err != nil {
		return "", 0, err
	}
	for _, server := range d.servers {
		target, ttl, err = ask(ctx, server, query)
		if err == nil || ctx.Err() != nil {
			break
		}
	}
	return target, ttl, err
}

// ask sends the query and waits for its answer. Anything else on the socket is
// passed over.
func ask(ctx context.Context, server netip.AddrPort, query []byte) (string, time.Duration, error) {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(server))
	if err != nil {
		return "", 0, err
	}
	defer c.Close()
	deadline := time.Now().Add(attemptTimeout)
	if at, ok := ctx.Deadline(); ok && at.Before(deadline) {
		deadline = at
	}
	if err := c.SetDeadline(deadline); err != nil {
		return "", 0, err
	}
	if _, err := c.Write(query); err != nil {
		return "", 0, err
	}
	buf := make([]byte, maxMessageBytes)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return "", 0, err
		}
		target, ttl, err := parseAnswer(buf[:n], query)
		if errors.Is(err, errNotMine) {
			continue
		}
		return target, ttl, err
	}
}
