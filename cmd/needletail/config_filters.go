package main

import (
	"needletail/proxy"
	"needletail/proxy/middleware/bulk"
	"needletail/proxy/middleware/crossdomain"
	"needletail/proxy/middleware/domainremap"
	"needletail/proxy/middleware/symlink"
)

// FiltersConfig has a section for each of Swift's filters that has options,
// with Swift's names for the section and its keys.
type FiltersConfig struct {
	DomainRemap DomainRemapConfig `toml:"domain_remap"`
	EtagQuoter  EtagQuoterConfig  `toml:"etag_quoter"`
	CrossDomain CrossDomainConfig `toml:"crossdomain"`
	Bulk        BulkConfig        `toml:"bulk"`
	Symlink     SymlinkConfig     `toml:"symlink"`
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

// addTo puts the options where the pipeline reads them.
func (f *FiltersConfig) addTo(c *proxy.Config) {
	if len(f.DomainRemap.StorageDomains) > 0 {
		remap := domainremap.Config(f.DomainRemap)
		c.DomainRemap = &remap
	}
	if f.CrossDomain.Enabled {
		c.CrossDomain = &crossdomain.Config{Policy: f.CrossDomain.Policy}
	}
	c.EtagQuoter.EnableByDefault = f.EtagQuoter.EnableByDefault
	c.Bulk = bulk.Config(f.Bulk)
	c.Symlink = symlink.Config{MaxHops: f.Symlink.MaxHops}
}
