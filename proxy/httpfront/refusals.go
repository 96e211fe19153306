// SPDX-License-Identifier: Apache-2.0

package httpfront

// Refusal is a limit of the front that has refused a connection or a request.
type Refusal int

// The refusals. A connection is 503, a request 429.
const (
	Connections      Refusal = iota // Options.MaxConnections
	ConnectionsPerIP                // Options.MaxConnectionsPerIP
	RequestsPerIP                   // Options.MaxRequestsPerSecondPerIP
	refusals                        // their number
)

// noRefusal: nobody is there to be refused.
const noRefusal Refusal = -1

// Refusals returns all refusals.
func Refusals() []Refusal { return []Refusal{Connections, ConnectionsPerIP, RequestsPerIP} }

// String returns the refusal as metrics and logs show the refusal.
func (r Refusal) String() string {
	return [refusals]string{"connections", "connections_per_ip", "requests_per_ip"}[r]
}

// Refused returns how often a limit has refused so far.
func (s *Server) Refused(r Refusal) int64 { return s.refused[r].Load() }

// noteRefusal counts a refusal of a client.
func (s *Server) noteRefusal(r Refusal, client string) {
	if r == noRefusal {
		return
	}
	s.refused[r].Add(1)
	s.opts.OnRefuse(r, client)
}
