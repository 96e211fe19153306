package main

import (
	"cmp"
	"errors"
	"fmt"
)

// validateEffect refuses options that mean nothing without another one that is
// missing: whoever sets them believes that they count. Options of a filter that
// has a switch of its own may stay while it is off.
func (c *Config) validateEffect() error {
	sync, cname, remap := &c.ContainerSync, &c.Filters.CNAMELookup, &c.Filters.DomainRemap
	for _, o := range []struct {
		set, counts bool
		keys, needs string
	}{
		{sync.Current != "" || cmp.Or(sync.Interval, sync.ContainerTime) != 0 || sync.ObjectsPerSecond != 0, len(sync.Realms) > 0,
			"container_sync.current, interval, container_time and objects_per_second", "a [[container_sync.realm]]"},
		{cname.LookupDepth != 0 || len(cname.Nameservers) > 0, len(cname.StorageDomains) > 0,
			"filter.cname_lookup.lookup_depth and nameservers", "filter.cname_lookup.storage_domain"},
		{cmp.Or(remap.PathRoot, remap.DefaultResellerPrefix) != "" || len(remap.ResellerPrefixes) > 0 || remap.MangleClientPaths,
			len(remap.StorageDomains) > 0,
			"filter.domain_remap.path_root, reseller_prefixes, default_reseller_prefix and mangle_client_paths", "filter.domain_remap.storage_domain"},
	} {
		if o.set && !o.counts {
			return fmt.Errorf("%s mean nothing without %s", o.keys, o.needs)
		}
	}
	return nil
}

// validateBuiltIn refuses what is about an external Keystone without one.
func (k *KeystoneConfig) validateBuiltIn() error {
	login := cmp.Or(k.Username, k.UserID, k.Password, k.UserDomainID, k.UserDomainName, k.ProjectName, k.ProjectID,
		k.ProjectDomainID, k.ProjectDomainName, k.AppCredentialID, k.AppCredentialSecret)
	times := cmp.Or(k.TokenCacheTime, k.OutageCacheTime, k.ConnectTimeout, k.RequestTimeout)
	if cmp.Or(login, k.CAFile, k.CertFile, k.KeyFile, k.ImageAccount) != "" || times != 0 || cmp.Or(k.CacheTokens, k.RequestMaxRetries) != 0 {
		return errors.New("auth_url is missing")
	}
	return nil
}
