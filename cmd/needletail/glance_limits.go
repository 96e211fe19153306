// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"needletail/auth/identity"
	"needletail/proxy/glance"
)

// keystoneLimits are the limits that Keystone keeps for services of type image.
// The order of precedence is that of oslo.limit: a limit of the project before
// the registered default, a limit of the region before a limit without a
// region. A resource without a limit in Keystone has the limit in fallback.
type keystoneLimits struct {
	ids      *identity.Service
	region   string
	fallback map[string]int64
}

func (k keystoneLimits) limit(_ context.Context, project, resource string) (int64, error) {
	services := map[string]bool{}
	for _, s := range k.ids.Services(func(s *identity.CatalogService) bool { return s.Type == "image" }) {
		services[s.ID] = true
	}
	about := func(service, region, name string) bool {
		return name == resource && services[service] && (region == k.region || region == "")
	}
	own := k.ids.Limits(func(l *identity.Limit) bool {
		return l.ProjectID == project && about(l.ServiceID, l.RegionID, l.ResourceName)
	})
	for _, region := range []string{k.region, ""} {
		for _, l := range own {
			if l.RegionID == region {
				return int64(l.ResourceLimit), nil
			}
		}
	}
	registered := k.ids.RegisteredLimits()
	for _, region := range []string{k.region, ""} {
		for _, r := range registered {
			if r.RegionID == region && about(r.ServiceID, r.RegionID, r.ResourceName) {
				return int64(r.DefaultLimit), nil
			}
		}
	}
	return k.fallback[resource], nil
}

// imageLimit returns how much each project may use. With use_keystone_limits the
// limits of an external Keystone count alone if [oslo_limit] names an endpoint,
// and the limits of the built-in Keystone count before the limits of the file.
// Without, the limits of the file count alone.
func (s *storage) imageLimit(cfg settings) glance.LimitFunc {
	limits := cfg.Glance.Limits()
	switch {
	case s.limits != nil && cfg.Glance.UseKeystoneLimits:
		return s.limits.Limit
	case s.keystone == nil && cfg.Glance.UseKeystoneLimits:
		return keystoneLimits{s.identity, cfg.Identity.Region, limits}.limit
	}
	return func(_ context.Context, _, resource string) (int64, error) { return limits[resource], nil }
}
