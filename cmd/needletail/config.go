package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"needletail/auth/identity"
	"needletail/auth/signing"
	"needletail/auth/tempauth"
	"needletail/objstore/engine"
	"needletail/proxy/swift/pipeline"
)

// Config is the whole configuration: the TOML file's keys, their units and
// their defaults. Flags of `serve` override it. An unknown key is an error.
type Config struct {
	// Data is the folder that holds everything.
	Data string `toml:"data"`
	// Listen is the HOST:PORT of the one port.
	Listen string `toml:"listen"`
	// PublicURL is how clients reach the server. It stands in the service catalog
	// and in links. Empty: "http://" and the address, and links follow requests.
	PublicURL string `toml:"public_url"`
	linkURL   string // PublicURL as it was configured; settlePublicURL

	Log      LogConfig      `toml:"log"`
	Limits   LimitsConfig   `toml:"limits"`
	Storage  StorageConfig  `toml:"storage"`
	Timeouts TimeoutsConfig `toml:"timeouts"`
	Identity IdentityConfig `toml:"identity"`
	Security SecurityConfig `toml:"security_compliance"`
	TempAuth TempAuthConfig `toml:"tempauth"`
	Swift    SwiftConfig    `toml:"swift"`

	ContainerSync ContainerSyncConfig `toml:"container_sync"`

	Keystone     KeystoneConfig     `toml:"keystone"`
	OsloLimit    OsloLimitConfig    `toml:"oslo_limit"`
	KeystoneAuth KeystoneAuthConfig `toml:"keystoneauth"`
	Filters      FiltersConfig      `toml:"filter"`
	Encryption   EncryptionConfig   `toml:"encryption"`
	Glance       GlanceConfig       `toml:"glance"`
	// Policies are the storage policies; none means defaultPolicies.
	Policies []PolicyConfig `toml:"policy"`
	// Devices are the disks; none means the data folder alone.
	Devices []DeviceConfig `toml:"device"`

	// budget is what serve may use of the machine; without it nothing but the
	// limits above bounds the process.
	budget budget
}

// LogConfig says what is logged, and how.
type LogConfig struct {
	Level  string `toml:"level"`  // debug, info, warn or error
	Format string `toml:"format"` // text or json
	Access bool   `toml:"access"` // one line per request
	// SwiftAccess also writes Swift's own access line for each request of
	// Swift's API, to SwiftAccessFile, or to standard output if that is empty.
	SwiftAccess     bool   `toml:"swift_access"`
	SwiftAccessFile string `toml:"swift_access_file"`

	live *liveLog // what a reload changes of the above; nil: nothing
}

// LimitsConfig bounds what clients may send.
type LimitsConfig struct {
	MaxFileSizeBytes int64 `toml:"max_file_size"`
	MaxConnections   int   `toml:"max_connections"`
	// MemoryBytes is how much memory the process may use. 0: what the cgroup
	// allows, or all of the machine's.
	MemoryBytes          int64 `toml:"memory_bytes"`
	MaxConnectionsPerIP  int   `toml:"max_connections_per_ip"`
	MaxImageSizeBytes    int64 `toml:"max_image_size"`
	MaxHeaderBytes       int   `toml:"max_header_bytes"`
	MaxRequestLineLength int   `toml:"max_request_line"`
}

// StorageConfig is about disks.
type StorageConfig struct {
	// ReserveBytes and ReservePercent are kept free: writes get 507, or
	// swift.full_disk_status, before the disk has less than the larger of the two.
	ReserveBytes   int64   `toml:"reserve_bytes"`
	ReservePercent float64 `toml:"reserve_percent"`
	// InlineMaxBytes is the largest body that is kept in the index.
	InlineMaxBytes int64 `toml:"inline_max_bytes"`
	// HealBytesPerSecond bounds what is written to make bodies whole again, and
	// ScrubBytesPerSecond is the rate at which all that is stored is verified,
	// over and over; 0 never.
	HealBytesPerSecond  int64 `toml:"heal_bytes_per_second"`
	ScrubBytesPerSecond int64 `toml:"scrub_bytes_per_second"`
	// DeviceFailedAfter is how long a device is failed before what it holds is
	// built anew on others.
	DeviceFailedAfter Duration `toml:"device_failed_after"`
	// DarkDataAge is how long data files that no row names are kept in
	// quarantine; 0 for ever.
	DarkDataAge Duration `toml:"dark_data_age"`
}

// TimeoutsConfig bounds waiting. A body that trickles lives for ever; one that
// stalls ends after BodyIdle.
type TimeoutsConfig struct {
	Header   Duration `toml:"header"`
	BodyIdle Duration `toml:"body_idle"`
	Write    Duration `toml:"write_idle"`
	Idle     Duration `toml:"idle"`
	Shutdown Duration `toml:"shutdown"`
}

// IdentityConfig is about the built-in Keystone.
type IdentityConfig struct {
	TokenLifetime Duration `toml:"token_lifetime"`
	Region        string   `toml:"region"`
	// PasswordHashRounds is bcrypt's cost, Keystone's option of that name.
	PasswordHashRounds int `toml:"password_hash_rounds"`
	// AuthMethods are those that a login may use: "password", "token",
	// "application_credential" and, if it is named, "totp" (Keystone's [auth]
	// methods).
	AuthMethods []string `toml:"auth_methods"`
	// ListLimit cuts lists, Keystone's option of that name; 0: not at all.
	ListLimit int `toml:"list_limit"`
	// OperatorRoles own their project's account (Swift's operator_roles).
	OperatorRoles []string `toml:"operator_roles"`
}

// Duration is a time.Duration written as "60s" or "5m".
type Duration time.Duration

// UnmarshalText reads a duration.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return err
	}
	if v < 0 {
		return fmt.Errorf("duration %s is negative", text)
	}
	*d = Duration(v)
	return nil
}

const (
	mebi = 1 << 20
	tebi = 1 << 40
)

// darkDataAgeMin leaves an operator time to read the log.
const darkDataAgeMin = time.Hour

// defaultConfig is what holds for a key that is not set.
func defaultConfig() Config {
	return Config{
		Data:   "./data",
		Listen: "127.0.0.1:8080",
		Log:    LogConfig{Level: "info", Format: "text", Access: true},
		Limits: LimitsConfig{
			MaxFileSizeBytes:     5<<30 + 2, // Swift's default
			MaxConnections:       8192,
			MaxConnectionsPerIP:  0,
			MaxImageSizeBytes:    1 * tebi, // Glance's image_size_cap
			MaxHeaderBytes:       128 << 10,
			MaxRequestLineLength: 8192,
		},
		Storage: StorageConfig{
			ReserveBytes: 256 * mebi, ReservePercent: 1, InlineMaxBytes: 64 << 10,
			HealBytesPerSecond: 100 * mebi, ScrubBytesPerSecond: 10 * mebi, // Swift's auditor: 10 MB/s
			DeviceFailedAfter: Duration(10 * time.Minute), DarkDataAge: Duration(engine.DarkDataAge),
		},
		Timeouts: TimeoutsConfig{
			Header:   Duration(20 * time.Second),
			BodyIdle: Duration(60 * time.Second), // Swift's client_timeout
			Write:    Duration(60 * time.Second),
			Idle:     Duration(75 * time.Second),
			Shutdown: Duration(30 * time.Second),
		},
		Identity: IdentityConfig{
			TokenLifetime: Duration(time.Hour), // Keystone's default
			Region:        "RegionOne",
			OperatorRoles: []string{"admin", "swiftoperator", "member"},

			PasswordHashRounds: 12,
			AuthMethods:        identity.DefaultMethods(),
		},
		Security: SecurityConfig{LockoutDuration: Duration(identity.DefaultLockoutDuration)},
		Keystone: KeystoneConfig{DelayAuthDecision: true},
		TempAuth: TempAuthConfig{TokenLife: Duration(tempauth.DefaultTokenLife)},
		Filters:  defaultFilters(),
		Glance:   defaultGlance(),
		Swift:    SwiftConfig{AccountAutocreate: true, StrictCORSMode: true, AllowedDigests: signing.DefaultDigests().Names(), FullDiskStatus: 507},
	}
}

// loadConfig reads a TOML file over the defaults; path "" reads none.
func loadConfig(path string) (Config, error) {
	c := defaultConfig()
	if path == "" {
		return c, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("%w: %w", errUsage, err)
	}
	meta, err := toml.Decode(string(text), &c)
	if err != nil {
		return c, fmt.Errorf("%w: configuration %s: %w", errUsage, path, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		names := make([]string, len(unknown))
		for i, k := range unknown {
			names[i] = k.String()
		}
		return c, fmt.Errorf("%w: configuration %s: unknown key %s", errUsage, path, strings.Join(names, ", "))
	}
	return c, nil
}

// validate says what is wrong with a configuration, in terms of its keys.
func (c *Config) validate() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: configuration: "+format, append([]any{errUsage}, args...)...)
	}
	switch {
	case c.Data == "":
		return bad("data is empty")
	case c.Limits.MaxFileSizeBytes <= 0:
		return bad("limits.max_file_size must be positive")
	case c.Limits.MaxImageSizeBytes <= 0:
		return bad("limits.max_image_size must be positive")
	case c.Limits.MaxConnections <= 0:
		return bad("limits.max_connections must be positive")
	case c.Limits.MemoryBytes < 0:
		return bad("limits.memory_bytes is negative")
	case c.Limits.MaxConnectionsPerIP < 0:
		return bad("limits.max_connections_per_ip is negative")
	case c.Limits.MaxHeaderBytes < 16<<10:
		return bad("limits.max_header_bytes is under 16384")
	case c.TempAuth.TokenLife <= 0:
		return bad("tempauth.token_life must be positive")
	}
	for _, part := range []struct {
		keys  string // what the keys of the error stand behind
		check func() error
	}{
		{"storage.", c.Storage.validate},
		{"", c.validateIdentity},
		{"keystoneauth.", c.KeystoneAuth.validate},
		{"", c.validateKeystone},
		{"", c.Encryption.validate},
		{"", c.Filters.validate},
		{"glance.", c.Glance.validate},
		{"container_sync: ", func() error { _, err := c.ContainerSync.realms(); return err }},
		{"", c.validateEffect},
		{"policy: ", func() error { return c.policies().Validate() }},
		{"device: ", c.validateDevices},
		{"swift.", c.Swift.validate},
		{"listen: ", func() error { return validateListen(c.Listen) }},
		{"", c.validatePublicURL},
	} {
		if err := part.check(); err != nil {
			return bad(part.keys+"%w", err)
		}
	}
	if _, err := newTempAuth(*c); err != nil {
		return err
	}
	return c.addCNAMELookup(new(pipeline.Config))
}

// validate says what is wrong, in terms of the keys below storage.
func (c *StorageConfig) validate() error {
	switch {
	case c.ReserveBytes < 0 || c.ReservePercent < 0 || c.ReservePercent >= 100:
		return fmt.Errorf("reserve_bytes or storage.reserve_percent is out of range")
	case c.InlineMaxBytes < 0 || c.InlineMaxBytes > 1*mebi:
		return fmt.Errorf("inline_max_bytes must be from 0 to 1048576")
	case c.HealBytesPerSecond < mebi:
		return fmt.Errorf("heal_bytes_per_second is under 1048576")
	case c.ScrubBytesPerSecond != 0 && c.ScrubBytesPerSecond < mebi:
		return fmt.Errorf("scrub_bytes_per_second is neither 0 nor from 1048576 on")
	case c.DeviceFailedAfter <= 0:
		return fmt.Errorf("device_failed_after must be positive")
	case c.DarkDataAge != 0 && time.Duration(c.DarkDataAge) < darkDataAgeMin:
		return fmt.Errorf("dark_data_age is neither 0 nor from %s on", darkDataAgeMin)
	}
	return nil
}
