// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"time"

	"needletail/proxy/option"
)

// Duration is a time.Duration, as text in the file: "60s", "5m", "1h30m".
type Duration = option.Duration

const (
	mebi = 1 << 20
	tebi = 1 << 40
)

// Log says what the server logs, and how.
type Log struct {
	// Level is the lowest logged level: debug, info, warn or error.
	Level string `toml:"level"`
	// Format is the form of the lines: text or json.
	Format string `toml:"format"`
	// Access logs a line for each request.
	Access bool `toml:"access"`
	// SwiftAccess writes Swift's own access line for each request of Swift's API,
	// for programs that read the line.
	SwiftAccess bool `toml:"swift_access"`
	// SwiftAccessFile is the file of Swift's access lines. "": standard output. To
	// rotate the file, move the file away and send SIGHUP.
	SwiftAccessFile string `toml:"swift_access_file"`
}

// Limits bounds what clients may send, and what the process may use.
type Limits struct {
	// MaxFileSizeBytes is the size of the largest object, in bytes.
	MaxFileSizeBytes int64 `toml:"max_file_size" reload:"yes"`
	// MaxConnections is how many connections clients may have. The server allows
	// fewer connections if memory or open files are short, and the log says how
	// many.
	MaxConnections int `toml:"max_connections"`
	// MemoryBytes is how much memory the process may use, in bytes. 0: what the
	// cgroup allows, or all of the machine's memory.
	MemoryBytes int64 `toml:"memory_bytes"`
	// MaxConnectionsPerIP is how many connections one address may have. A further
	// connection gets 503 with Retry-After. An IPv6 client is counted by its /64.
	// 0: no limit.
	MaxConnectionsPerIP int `toml:"max_connections_per_ip" reload:"yes"`
	// MaxRequestsPerSecondPerIP is how many requests a second one address may send;
	// after a pause, the requests of ten seconds at once. A further request gets 429
	// with Retry-After. An IPv6 client is counted by its /64. 0: no limit.
	MaxRequestsPerSecondPerIP int `toml:"max_requests_per_second_per_ip"`
	// MaxImageSizeBytes is the size of the largest image, in bytes (Glance's
	// image_size_cap).
	MaxImageSizeBytes int64 `toml:"max_image_size" reload:"yes"`
	// MaxHeaderBytes is the length of the longest request head, in bytes, from
	// 16384 on. A longer head gets 400.
	MaxHeaderBytes int `toml:"max_header_bytes" reload:"yes"`
	// MaxRequestLineLength is the length of the longest request line, in bytes. A
	// longer line gets 414.
	MaxRequestLineLength int `toml:"max_request_line" reload:"yes"`
}

// minHeaderBytes is the smallest max_header_bytes.
const minHeaderBytes = 16 << 10

// maxRequestRate is the largest max_requests_per_second_per_ip.
const maxRequestRate = 1_000_000

func defaultLimits() Limits {
	return Limits{
		MaxFileSizeBytes:     5<<30 + 2, // Swift's default
		MaxConnections:       8192,
		MaxImageSizeBytes:    1 * tebi, // Glance's image_size_cap
		MaxHeaderBytes:       128 << 10,
		MaxRequestLineLength: 8192,
	}
}

func (l *Limits) validate() error {
	switch {
	case l.MaxFileSizeBytes <= 0:
		return errors.New("max_file_size must be positive")
	case l.MaxImageSizeBytes <= 0:
		return errors.New("max_image_size must be positive")
	case l.MaxConnections <= 0:
		return errors.New("max_connections must be positive")
	case l.MemoryBytes < 0:
		return errors.New("memory_bytes is negative")
	case l.MaxConnectionsPerIP < 0:
		return errors.New("max_connections_per_ip is negative")
	case l.MaxRequestsPerSecondPerIP < 0 || l.MaxRequestsPerSecondPerIP > maxRequestRate:
		return errors.New("max_requests_per_second_per_ip must be from 0 to 1000000")
	case l.MaxHeaderBytes < minHeaderBytes:
		return errors.New("max_header_bytes is under 16384")
	}
	return nil
}

// Timeouts bounds how long the server waits. A body that trickles may take for
// ever; a body that stalls ends after body_idle.
type Timeouts struct {
	// Header is how long a client may take to send a request head.
	Header Duration `toml:"header"`
	// BodyIdle is how long a client may send nothing of a body (Swift's
	// client_timeout).
	BodyIdle Duration `toml:"body_idle"`
	// Write is how long a client may take nothing of a response.
	Write Duration `toml:"write_idle"`
	// Idle is how long a connection may wait for its next request.
	Idle Duration `toml:"idle"`
	// Shutdown is how long requests may take to end after SIGTERM or SIGINT.
	Shutdown Duration `toml:"shutdown"`
}

func defaultTimeouts() Timeouts {
	return Timeouts{
		Header:   Duration(20 * time.Second),
		BodyIdle: Duration(60 * time.Second),
		Write:    Duration(60 * time.Second),
		Idle:     Duration(75 * time.Second),
		Shutdown: Duration(30 * time.Second),
	}
}
