// SPDX-License-Identifier: Apache-2.0

package cnamelookup

import (
	"encoding/binary"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// answer makes the answer to a query: a CNAME of the question to target, whose
// last labels are a pointer into the question; code and flags as given.
func answer(query []byte, target string, flags uint16) []byte {
	m := append([]byte(nil), query...)
	binary.BigEndian.PutUint16(m[2:], flagAnswer|flags)
	if target == "" {
		return m
	}
	binary.BigEndian.PutUint16(m[6:], 2)
	a := []byte{0xc0, headerBytes, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 1, 2, 3, 4} // an A record first
	m = append(m, a...)
	m = append(m, 0xc0, headerBytes, 0, typeCNAME, 0, classInternet, 0, 0, 1, 44)
	data := append([]byte{byte(len(target))}, target...)
	data = append(data, 0xc0, headerBytes)
	m = binary.BigEndian.AppendUint16(m, uint16(len(data)))
	return append(m, data...)
}

// nameServer answers what reply makes of each query, on loopback.
func nameServer(t *testing.T, reply func(query []byte) [][]byte) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	go func() {
		buf := make([]byte, maxMessageBytes)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			for _, m := range reply(buf[:n]) {
				_, _ = c.WriteTo(m, from)
			}
		}
	}()
	return c.LocalAddr().String()
}

func TestDNS(t *testing.T) {
	server := nameServer(t, func(query []byte) [][]byte {
		name, _, err := readName(query, headerBytes)
		if err != nil {
			return nil
		}
		switch {
		case strings.HasPrefix(name, "gone"):
			return [][]byte{answer(query, "", codeNoName)}
		case strings.HasPrefix(name, "none"):
			return [][]byte{answer(query, "", 0)}
		case strings.HasPrefix(name, "fail"):
			return [][]byte{answer(query, "", 2)}
		}
		forged := answer(query, "evil", 0)
		forged[0] ^= 1
		other := answer(query, "evil", 0)
		other[headerBytes+1] ^= 1 // another question
		return [][]byte{{1}, forged, other, query, answer(query, "www", 0)}
	})
	d, err := NewDNS([]string{server})
	require.NoError(t, err)
	target, ttl, err := d.LookupCNAME(t.Context(), "mine.org")
	require.NoError(t, err)
	require.Equal(t, "www.mine.org", target)
	require.Equal(t, 300*time.Second, ttl)
	for _, name := range []string{"gone.org", "none.org"} {
		target, _, err := d.LookupCNAME(t.Context(), name)
		require.NoError(t, err)
		require.Empty(t, target)
	}
	_, _, err = d.LookupCNAME(t.Context(), "fail.org")
	require.Error(t, err)
	for _, name := range []string{"", "a..b", "a b", "a/b", strings.Repeat("a", 64), strings.Repeat("a.", 127) + "a", "\u00e9"} {
		_, _, err := d.LookupCNAME(t.Context(), name)
		require.ErrorIs(t, err, errName, name)
	}
}

func TestDNSAsksTheNextServer(t *testing.T) {
	broken := nameServer(t, func(query []byte) [][]byte { return [][]byte{answer(query, "", 2)} })
	good := nameServer(t, func(query []byte) [][]byte { return [][]byte{answer(query, "www", 0)} })
	d, err := NewDNS([]string{broken, good})
	require.NoError(t, err)
	target, _, err := d.LookupCNAME(t.Context(), "mine.org")
	require.NoError(t, err)
	require.Equal(t, "www.mine.org", target)
}

func TestNewDNS(t *testing.T) {
	d, err := NewDNS([]string{"192.0.2.1", "[2001:db8::1]:5353", "2001:db8::2"})
	require.NoError(t, err)
	require.Equal(t, "[192.0.2.1:53 [2001:db8::1]:5353 [2001:db8::2]:53]", strings.ReplaceAll(formatServers(d), ",", ""))
	_, err = NewDNS([]string{"ns.example.com"})
	require.Error(t, err)
}

func formatServers(d *DNS) string {
	var list []string
	for _, s := range d.servers {
		list = append(list, s.String())
	}
	return "[" + strings.Join(list, " ") + "]"
}

func FuzzParseAnswer(f *testing.F) {
	query, err := appendQuery(nil, 7, "mine.org")
	require.NoError(f, err)
	f.Add(answer(query, "www", 0))
	f.Add(answer(query, "", codeNoName))
	loop := answer(query, "", 0)
	binary.BigEndian.PutUint16(loop[6:], 1)
	f.Add(append(loop, 0xc0, byte(len(loop)), 0, 5, 0, 1, 0, 0, 0, 0, 0, 0)) // a name that points to itself
	f.Add(query)
	f.Fuzz(func(t *testing.T, m []byte) {
		target, _, err := parseAnswer(m, query)
		if err != nil {
			require.Empty(t, target)
		}
		require.LessOrEqual(t, len(target), maxNameBytes)
		require.False(t, strings.ContainsFunc(target, func(c rune) bool { return c != '.' && notHostChar(c) }), target)
	})
}
