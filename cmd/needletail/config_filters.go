package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"needletail/proxy/swift/middleware/bulk"
	"needletail/proxy/swift/middleware/cnamelookup"
	"needletail/proxy/swift/middleware/crossdomain"
	"needletail/proxy/swift/middleware/domainremap"
	"needletail/proxy/swift/middleware/listendpoints"
	"needletail/proxy/swift/middleware/namecheck"
	"needletail/proxy/swift/middleware/ratelimit"
	"needletail/proxy/swift/middleware/readonly"
	"needletail/proxy/swift/middleware/slo"
	"needletail/proxy/swift/middleware/staticweb"
	"needletail/proxy/swift/middleware/symlink"
	"needletail/proxy/swift/pipeline"
)

// FiltersConfig has a section for each of Swift's filters that has options,
// with Swift's names for the section and its keys.
type FiltersConfig struct {
	CNAMELookup CNAMELookupConfig `toml:"cname_lookup"`
	DomainRemap DomainRemapConfig `toml:"domain_remap"`
	EtagQuoter  EtagQuoterConfig  `toml:"etag_quoter"`
	CrossDomain CrossDomainConfig `toml:"crossdomain"`
	Bulk        BulkConfig        `toml:"bulk"`
	Symlink     SymlinkConfig     `toml:"symlink"`
	ReadOnly    ReadOnlyConfig    `toml:"read_only"`
	NameCheck   NameCheckConfig   `toml:"name_check"`
	RateLimit   RateLimitConfig   `toml:"ratelimit"`

	ListEndpoints   ListEndpointsConfig   `toml:"list_endpoints"`
	SLO             SLOConfig             `toml:"slo"`
	StaticWeb       StaticWebConfig       `toml:"staticweb"`
	VersionedWrites VersionedWritesConfig `toml:"versioned_writes"`
}

// DomainRemapConfig turns container.account.DOMAIN into a path.
type DomainRemapConfig struct {
	// StorageDomains are those under which accounts are; none: the filter is off.
	StorageDomains []string `toml:"storage_domain"`
	PathRoot       string   `toml:"path_root"` // "v1"
	// ResellerPrefixes are those of accounts in host names; none means "AUTH".
	ResellerPrefixes      []string `toml:"reseller_prefixes"`
	DefaultResellerPrefix string   `toml:"default_reseller_prefix"`
	MangleClientPaths     bool     `toml:"mangle_client_paths"`
}

// CNAMELookupConfig follows a host's CNAME records to one below DOMAIN.
type CNAMELookupConfig struct {
	// StorageDomains are where the records have to lead; none: the filter is off.
	StorageDomains []string `toml:"storage_domain"`
	LookupDepth    int      `toml:"lookup_depth"` // 1
	// Nameservers are ADDRESS or ADDRESS:PORT; none: the machine's.
	Nameservers []string `toml:"nameservers"`
}

// filter is the filter's own form, but for the resolver. The names of the
// server itself are not looked up.
func (l CNAMELookupConfig) filter(publicURL, listen string) cnamelookup.Config {
	c := cnamelookup.Config{StorageDomains: l.StorageDomains, LookupDepth: l.LookupDepth, OwnHosts: []string{"localhost"}}
	if u, err := url.Parse(publicURL); err == nil {
		c.OwnHosts = append(c.OwnHosts, u.Hostname())
	}
	if host, _, err := net.SplitHostPort(listen); err == nil {
		c.OwnHosts = append(c.OwnHosts, host)
	}
	return c
}

// swiftHosts says of which hosts every path is Swift's.
func (c *Config) swiftHosts() func(host string) bool {
	remap := domainremap.Config(c.Filters.DomainRemap)
	lookup := c.Filters.CNAMELookup.filter(c.PublicURL, c.Listen)
	return func(host string) bool { return remap.Matches(host) || lookup.Matches(host) }
}

// addCNAMELookup puts the filter into the pipeline if it is configured.
func (c *Config) addCNAMELookup(to *pipeline.Config) error {
	if len(c.Filters.CNAMELookup.StorageDomains) == 0 {
		return nil
	}
	dns, err := cnamelookup.NewDNS(c.Filters.CNAMELookup.Nameservers)
	if err != nil {
		return fmt.Errorf("%w: configuration: filter.cname_lookup: %w", errUsage, err)
	}
	lookup := c.Filters.CNAMELookup.filter(c.PublicURL, c.Listen)
	lookup.Resolver = dns
	to.CNAMELookup = &lookup
	return nil
}

// EtagQuoterConfig says whether ETags have the quotes that HTTP asks for.
type EtagQuoterConfig struct {
	EnableByDefault bool `toml:"enable_by_default"`
}

// CrossDomainConfig is about /crossdomain.xml.
type CrossDomainConfig struct {
	Enabled bool   `toml:"enabled"`
	Policy  string `toml:"cross_domain_policy"` // XML; empty: any domain
}

// BulkConfig bounds bulk requests; 0 means Swift's default.
type BulkConfig struct {
	MaxContainersPerExtraction int `toml:"max_containers_per_extraction"`
	MaxFailedExtractions       int `toml:"max_failed_extractions"`
	MaxDeletesPerRequest       int `toml:"max_deletes_per_request"`
	MaxFailedDeletes           int `toml:"max_failed_deletes"`
	DeleteConcurrency          int `toml:"delete_concurrency"`
}

// SymlinkConfig bounds how many links may follow one another; 0 means Swift's
// default.
type SymlinkConfig struct {
	MaxHops int `toml:"symloop_max"`
}

// ReadOnlyConfig refuses writes.
type ReadOnlyConfig struct {
	ReadOnly     bool `toml:"read_only"`
	AllowDeletes bool `toml:"allow_deletes"`
}

// NameCheckConfig refuses names; a key that is empty or 0 means Swift's default.
type NameCheckConfig struct {
	Enabled         bool   `toml:"enabled"`
	ForbiddenChars  string `toml:"forbidden_chars"`
	MaximumLength   int    `toml:"maximum_length"` // bytes of the path
	ForbiddenRegexp string `toml:"forbidden_regexp"`
}

// filter is the filter's own form.
func (n NameCheckConfig) filter() namecheck.Config {
	return namecheck.Config{
		ForbiddenChars: n.ForbiddenChars, MaxLengthBytes: n.MaximumLength, ForbiddenRegexp: n.ForbiddenRegexp,
	}
}

// RateLimitConfig slows clients down; rates are requests a second, those of
// containers by their number of objects: { 100 = 50.0, 1000 = 10.0 }.
type RateLimitConfig struct {
	Enabled           bool               `toml:"enabled"`
	AccountRatelimit  float64            `toml:"account_ratelimit"`
	Containers        map[string]float64 `toml:"container_ratelimit"`
	ContainerListings map[string]float64 `toml:"container_listing_ratelimit"`
	MaxSleepTime      Duration           `toml:"max_sleep_time"` // 60s
	RateBuffer        Duration           `toml:"rate_buffer"`    // 5s
	AccountWhitelist  []string           `toml:"account_whitelist"`
	AccountBlacklist  []string           `toml:"account_blacklist"`
}

// filter is the filter's own form.
func (l RateLimitConfig) filter() (ratelimit.Config, error) {
	c := ratelimit.Config{
		AccountPerSecond: l.AccountRatelimit, MaxSleep: time.Duration(l.MaxSleepTime), RateBuffer: time.Duration(l.RateBuffer),
		Whitelist: l.AccountWhitelist, Blacklist: l.AccountBlacklist,
	}
	for _, rates := range []struct {
		from map[string]float64
		to   *[]ratelimit.SizeRate
	}{{l.Containers, &c.Containers}, {l.ContainerListings, &c.ContainerListings}} {
		for objects, perSecond := range rates.from {
			n, err := strconv.ParseInt(objects, 10, 64)
			if err != nil || n < 0 || perSecond < 0 {
				return c, fmt.Errorf("%q = %g is no rate of a number of objects", objects, perSecond)
			}
			*rates.to = append(*rates.to, ratelimit.SizeRate{Objects: n, PerSecond: perSecond})
		}
	}
	return c, nil
}

// ListEndpointsConfig says where objects are, to anybody.
type ListEndpointsConfig struct {
	Enabled bool   `toml:"enabled"`
	Path    string `toml:"list_endpoints_path"` // "/endpoints/"
}

// SLOConfig bounds static large objects.
type SLOConfig struct {
	MaxManifestSegments  int   `toml:"max_manifest_segments"` // 1000
	MaxManifestSizeBytes int64 `toml:"max_manifest_size"`     // 8388608
	AllowAsyncDelete     bool  `toml:"allow_async_delete"`    // true
	Concurrency          int   `toml:"concurrency"`           // 2
}

// maxSLOConcurrency is the most subrequests at once that Swift allows one
// request.
const maxSLOConcurrency = 1000

func (s SLOConfig) validate() error {
	switch {
	case s.MaxManifestSegments <= 0:
		return errors.New("max_manifest_segments must be positive")
	case s.MaxManifestSizeBytes <= 0:
		return errors.New("max_manifest_size must be positive")
	case s.Concurrency <= 0 || s.Concurrency > maxSLOConcurrency:
		return fmt.Errorf("concurrency must be from 1 to %d", maxSLOConcurrency)
	}
	return nil
}

// StaticWebConfig says how listings in HTML look.
type StaticWebConfig struct {
	// DotSlashLinks lets links begin with "./", as in Swift since 2.31.
	DotSlashLinks bool `toml:"dot_slash_links"`
}

// VersionedWritesConfig says which kinds of versions there are.
type VersionedWritesConfig struct {
	AllowVersionedWrites  bool `toml:"allow_versioned_writes"`  // true
	AllowObjectVersioning bool `toml:"allow_object_versioning"` // true
}

// defaultFilters is what holds for a key that is not set and whose zero value
// means something else.
func defaultFilters() FiltersConfig {
	d := slo.DefaultConfig()
	return FiltersConfig{
		SLO: SLOConfig{
			MaxManifestSegments: d.MaxSegments, MaxManifestSizeBytes: d.MaxManifestBytes,
			AllowAsyncDelete: d.AllowAsyncDelete, Concurrency: d.Concurrency,
		},
		VersionedWrites: VersionedWritesConfig{AllowVersionedWrites: true, AllowObjectVersioning: true},
	}
}

// validate says which filter cannot be built, by its key.
func (f *FiltersConfig) validate() error {
	if err := f.NameCheck.filter().Validate(); err != nil {
		return fmt.Errorf("filter.name_check.%w", err)
	}
	if _, err := f.RateLimit.filter(); err != nil {
		return fmt.Errorf("filter.ratelimit: %w", err)
	}
	if err := f.SLO.validate(); err != nil {
		return fmt.Errorf("filter.slo.%w", err)
	}
	return nil
}

// addTo puts the options, which validate accepts, where the pipeline reads them.
func (f *FiltersConfig) addTo(c *pipeline.Config) {
	if len(f.DomainRemap.StorageDomains) > 0 {
		remap := domainremap.Config(f.DomainRemap)
		c.DomainRemap = &remap
	}
	if f.CrossDomain.Enabled {
		c.CrossDomain = &crossdomain.Config{Policy: f.CrossDomain.Policy}
	}
	if f.ReadOnly != (ReadOnlyConfig{}) {
		readOnly := readonly.Config(f.ReadOnly)
		c.ReadOnly = &readOnly
	}
	if f.NameCheck.Enabled {
		names := f.NameCheck.filter()
		c.NameCheck = &names
	}
	if rates, err := f.RateLimit.filter(); err == nil && f.RateLimit.Enabled {
		c.RateLimit = &rates
	}
	if f.ListEndpoints.Enabled {
		c.ListEndpoints = &listendpoints.Config{Path: f.ListEndpoints.Path}
	}
	large := slo.Config{
		MaxSegments: f.SLO.MaxManifestSegments, MaxManifestBytes: f.SLO.MaxManifestSizeBytes,
		AllowAsyncDelete: f.SLO.AllowAsyncDelete, Concurrency: f.SLO.Concurrency,
	}
	c.SLO = &large
	c.StaticWeb = staticweb.Config(f.StaticWeb)
	c.NoVersionedWrites = !f.VersionedWrites.AllowVersionedWrites
	c.NoObjectVersioning = !f.VersionedWrites.AllowObjectVersioning
	c.EtagQuoter.EnableByDefault = f.EtagQuoter.EnableByDefault
	c.Bulk = bulk.Config(f.Bulk)
	c.Symlink = symlink.Config{MaxHops: f.Symlink.MaxHops}
}
