// SPDX-License-Identifier: Apache-2.0

package infocache

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"strconv"
	"strings"
	"time"
)

// confBytesMax bounds a configuration file of Swift.
const confBytesMax = 1 << 20

// The sections of Swift's files with the options of memcached.
const (
	SectionMemcache = "memcache"     // of memcache.conf
	SectionFilter   = "filter:cache" // of proxy-server.conf
)

// defaultServer is Swift's, where a section names no server.
const defaultServer = "127.0.0.1:11211"

// ErrNoSection: the file has no section of the name.
var ErrNoSection = errors.New("no such section")

// ReadConf reads a section of a configuration file of Swift, such as
// /etc/swift/memcache.conf, and the files of TLS that the section names. An
// absent file is os.ErrNotExist, an absent section ErrNoSection.
func ReadConf(path, section string) (Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return Config{}, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, confBytesMax+1))
	if err != nil {
		return Config{}, err
	}
	options, err := parseConf(text, section)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	c, err := configOf(options)
	if err == nil && configTrue(options["tls_enabled"]) {
		c.TLS, err = tlsOf(options)
	}
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// parseConf returns the options of a section in the form of Python's
// ConfigParser: "name = value" or "name: value", names without regard to case,
// comments from '#' or ';' at the start of a line, indented lines continue a
// value. The options of [DEFAULT] are in every section.
func parseConf(text []byte, section string) (map[string]string, error) {
	if len(text) > confBytesMax {
		return nil, fmt.Errorf("the file has more than %d bytes", confBytesMax)
	}
	own, byDefault := map[string]string{}, map[string]string{}
	var options map[string]string // of the section that is read; nil: of no interest
	found, last, number := false, "", 0
	for line := range strings.Lines(string(text)) {
		number++
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';':
			continue
		case trimmed[0] == '[' && strings.HasSuffix(trimmed, "]"):
			options, last = nil, ""
			switch trimmed[1 : len(trimmed)-1] {
			case section:
				options, found = own, true
			case "DEFAULT":
				options = byDefault
			}
		case options == nil:
			continue
		case (line[0] == ' ' || line[0] == '\t') && last != "":
			options[last] += "\n" + trimmed
		default:
			at := strings.IndexAny(trimmed, "=:")
			if at < 0 {
				return nil, fmt.Errorf("line %d has no '='", number)
			}
			last = strings.ToLower(strings.TrimSpace(trimmed[:at]))
			options[last] = strings.TrimSpace(trimmed[at+1:])
		}
	}
	if !found {
		return nil, fmt.Errorf("section [%s]: %w", section, ErrNoSection)
	}
	maps.Copy(byDefault, own)
	return byDefault, nil
}

// configOf takes the options (swift/common/memcached.py: load_memcache).
func configOf(options map[string]string) (Config, error) {
	var c Config
	for s := range strings.SplitSeq(options["memcache_servers"], ",") {
		if s = strings.TrimSpace(s); s != "" {
			c.Servers = append(c.Servers, s)
		}
	}
	if len(c.Servers) == 0 {
		c.Servers = []string{defaultServer}
	}
	r := reader{options: options}
	c.ConnectTimeout, c.IOTimeout = r.seconds("connect_timeout"), r.seconds("io_timeout")
	c.PoolTimeout = r.seconds("pool_timeout")
	c.Tries, c.MaxConns = r.number("tries"), r.number("memcache_max_connections")
	if c.MaxConns == 0 {
		c.MaxConns = r.number("max_connections")
	}
	c.ErrorLimit, c.ErrorInterval = r.number("error_suppression_limit"), r.seconds("error_suppression_interval")
	return c, r.err
}

// reader reads numbers of options, and keeps the first error.
type reader struct {
	options map[string]string
	err     error
}

// numberMax bounds the numbers of options, in seconds too.
const numberMax = 1_000_000

func (r *reader) float(name string) float64 {
	s, ok := r.options[name]
	if !ok {
		return 0
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || f < 0 || f > numberMax {
		if r.err == nil {
			r.err = fmt.Errorf("option %s = %q is not a number up to %d", name, s, numberMax)
		}
		return 0
	}
	return f
}

func (r *reader) number(name string) int { return int(r.float(name)) }

func (r *reader) seconds(name string) time.Duration {
	return time.Duration(r.float(name) * float64(time.Second))
}

// tlsOf reads the files of tls_cafile, tls_certfile and tls_keyfile.
func tlsOf(options map[string]string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if path := options["tls_cafile"]; path != "" {
		pem, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s has no certificate", path)
		}
	}
	if path := options["tls_certfile"]; path != "" {
		key := options["tls_keyfile"]
		if key == "" {
			key = path
		}
		pair, err := tls.LoadX509KeyPair(path, key)
		if err != nil {
			return nil, err
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
