// SPDX-License-Identifier: Apache-2.0

// Package config has the configuration of the server: the keys of the TOML file
// with units, defaults and checks, and the settings of the layers below. Each
// struct is a section of the file. The comments of the structs and fields are
// the reference: `go generate ./cmd/needletail/config/...` writes
// docs/configuration.md and docs/needletail.toml from the comments. Each filter
// of Swift has a section in the package of the filter.
package config

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/BurntSushi/toml"

	"needletail/auth/identity"
	"needletail/proxy/swift/feature"
)

//go:generate go run ./gen ../../..

// ErrUsage marks an error of the command line or of the configuration.
var ErrUsage = errors.New("usage")

// Config is the configuration file. Every key is optional. An unknown key is an
// error. The flags of `needletail serve` override the keys of the same name.
type Config struct {
	// Data is the folder that holds everything: index, identities, keys, and the
	// bodies of objects unless there is a [[device]].
	Data string `toml:"data"`
	// Listen is the address of the one port, HOST:PORT.
	Listen string `toml:"listen"`
	// PublicURL is the URL by which clients reach the server, for example
	// "https://cloud.example.com" where a front ends TLS. The URL stands in the
	// service catalog, in links and in WWW-Authenticate. Requests to the host
	// of the URL have the scheme of the URL. "": the catalog has "http://" and
	// the address of listen, and links follow each request.
	PublicURL string `toml:"public_url"`

	linkURL string // PublicURL as the file has it; SettlePublicURL sets it
	// defined are the keys of the file, "storage.reserve_bytes", in lower case.
	// Sections are no keys, [[sections]] are.
	defined map[string]bool

	Log    Log    `toml:"log" reload:"yes"`
	Statsd Statsd `toml:"statsd"`
	TLS    TLS    `toml:"tls"`
	Front  Front  `toml:"front"`
	Limits Limits `toml:"limits"`

	LoginLimits LoginLimits `toml:"login_limits"`

	Storage  Storage  `toml:"storage"`
	Cluster  Cluster  `toml:"cluster"`
	Timeouts Timeouts `toml:"timeouts" reload:"yes"`
	Identity Identity `toml:"identity"`
	Security Security `toml:"security_compliance"`
	TempAuth TempAuth `toml:"tempauth"`
	Swift    Swift    `toml:"swift" reload:"yes"`

	ContainerSync ContainerSync `toml:"container_sync"`

	Keystone     Keystone     `toml:"keystone"`
	OsloLimit    OsloLimit    `toml:"oslo_limit"`
	KeystoneAuth KeystoneAuth `toml:"keystoneauth" reload:"yes"`
	Encryption   Encryption   `toml:"encryption"`
	Glance       Glance       `toml:"glance" reload:"yes"`

	// Filters has the options of the features with a section [filter.SECTION].
	Filters feature.Set `toml:"-"`

	// Policies are optional. Without a [[policy]] there are two policies. Index
	// 0 is "Policy-0" with the aliases "yellow" and "orange", and is the
	// default. Index 1 is "silver". The first [[policy]] replaces both
	// policies.
	Policies []Policy `toml:"policy"`
	// Devices are optional. Without a [[device]] the data folder is the only
	// device.
	Devices []Device `toml:"device"`
}

// Default returns the configuration without a file.
func Default() Config {
	return Config{
		Data:          "./data",
		Listen:        "127.0.0.1:8080",
		Log:           Log{Level: "info", Format: "text", Access: true},
		Statsd:        defaultStatsd(),
		TLS:           defaultTLS(),
		Limits:        defaultLimits(),
		LoginLimits:   defaultLoginLimits(),
		Storage:       defaultStorage(),
		Cluster:       defaultCluster(),
		Timeouts:      defaultTimeouts(),
		Identity:      defaultIdentity(),
		Security:      Security{LockoutDuration: Duration(identity.DefaultLockoutDuration)},
		TempAuth:      defaultTempAuth(),
		Swift:         defaultSwift(),
		ContainerSync: defaultContainerSync(),
		Keystone:      defaultKeystone(),
		KeystoneAuth:  KeystoneAuth{ResellerPrefixes: []string{"AUTH"}},
		Filters:       defaultFilters(),
		Glance:        defaultGlance(),
	}
}

// file is the configuration in the form of the file: each filter decodes a
// section.
type file struct {
	*Config
	Filters map[string]toml.Primitive `toml:"filter"`
}

// Load reads a TOML file over the defaults. The path "" reads no file.
func Load(path string) (Config, error) {
	c := Default()
	if path == "" {
		return c, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("%w: %w", ErrUsage, err)
	}
	if err := c.decode(string(text)); err != nil {
		return c, fmt.Errorf("%w: configuration %s: %w", ErrUsage, path, err)
	}
	return c, nil
}

func (c *Config) decode(text string) error {
	f := file{Config: c}
	meta, err := toml.Decode(text, &f)
	if err != nil {
		return err
	}
	known, err := c.decodeFilters(&meta, f.Filters)
	if err != nil {
		return err
	}
	c.defined = map[string]bool{}
	undecoded := map[string]bool{}
	for _, k := range meta.Undecoded() {
		undecoded[k.String()] = true
	}
	var unknown []string
	for _, k := range meta.Keys() {
		if meta.Type(k...) != "Hash" { // the header of a section says nothing
			c.defined[strings.ToLower(k.String())] = true
		}
		section := len(k) == 2 && strings.EqualFold(k[0], "filter") && !known[k[1]]
		if name := k.String(); section || undecoded[name] {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		return fmt.Errorf("unknown key %s", strings.Join(unknown, ", "))
	}
	return nil
}

// Validate returns what is wrong with a configuration, in terms of its keys.
func (c *Config) Validate() error {
	for _, part := range []struct {
		keys  string // stands before the keys of the error
		check func() error
	}{
		{"", c.validateTop},
		{"tls.", c.TLS.validate},
		{"front.", c.Front.validate},
		{"statsd.", c.Statsd.validate},
		{"limits.", c.Limits.validate},
		{"login_limits.", c.LoginLimits.validate},
		{"storage.", c.Storage.validate},
		{"identity.", c.Identity.validate},
		{"security_compliance.", c.Security.validate},
		{"tempauth.", c.TempAuth.validate},
		{"keystoneauth.", c.KeystoneAuth.validate},
		{"", c.validateKeystone},
		{"encryption.", c.Encryption.validate},
		{"", c.validateFilters},
		{"glance.", c.Glance.validate},
		{"container_sync: ", c.validateContainerSync},
		{"policy: ", func() error { return c.StoragePolicies().Validate() }},
		{"device: ", c.validateDevices},
		{"swift.", c.Swift.validate},
		{"cluster: ", c.validateCluster},
	} {
		if err := part.check(); err != nil {
			return fmt.Errorf("%w: configuration: "+part.keys+"%w", ErrUsage, err)
		}
	}
	_, err := c.TempAuth.Open(nil)
	return err
}

func (c *Config) validateTop() error {
	if c.Data == "" {
		return errors.New("data is empty")
	}
	if err := validateListen(c.Listen); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	return c.validatePublicURL()
}
