// SPDX-License-Identifier: Apache-2.0

package containersync

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// Realm is a group of clusters whose operators share a key. Names compare
// without regard to case.
type Realm struct {
	Name string
	Key  string
	// Key2 is accepted too, while keys are being changed; "" is none.
	Key2 string
	// Clusters maps a name to the endpoint of the cluster, "https://host/v1/".
	Clusters map[string]string
}

// Realms tell which clusters may be synced
// (swift/common/container_sync_realms.py).
type Realms struct {
	realms map[string]Realm // by upper-case name
	// current is where this cluster is: "REALM", "CLUSTER"; "" if not told.
	currentRealm, currentCluster string
}

// NewRealms checks realms; current is "//REALM/CLUSTER", this cluster, or "".
func NewRealms(list []Realm, current string) (*Realms, error) {
	rs := &Realms{realms: map[string]Realm{}}
	for _, r := range list {
		name := strings.ToUpper(r.Name)
		if name == "" || strings.ContainsAny(name, "/ \t") {
			return nil, fmt.Errorf("realm %q: not a name", r.Name)
		}
		if _, twice := rs.realms[name]; twice {
			return nil, fmt.Errorf("realm %q is there twice", r.Name)
		}
		if r.Key == "" {
			return nil, fmt.Errorf("realm %q has no key", r.Name)
		}
		clusters := map[string]string{}
		for c, endpoint := range r.Clusters {
			u, err := url.Parse(endpoint)
			if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" {
				return nil, fmt.Errorf("realm %q, cluster %q: the endpoint is not http://HOST/v1/", r.Name, c)
			}
			clusters[strings.ToUpper(c)] = strings.TrimRight(endpoint, "/")
		}
		rs.realms[name] = Realm{Name: name, Key: r.Key, Key2: r.Key2, Clusters: clusters}
	}
	if current == "" {
		return rs, nil
	}
	realm, cluster, ok := strings.Cut(strings.ToUpper(strings.Trim(current, "/")), "/")
	if _, known := rs.realms[realm].Clusters[cluster]; !ok || !known {
		return nil, fmt.Errorf("current %q is no //REALM/CLUSTER that is configured", current)
	}
	rs.currentRealm, rs.currentCluster = realm, cluster
	return rs, nil
}

// Info is the section of /info.
func (rs *Realms) Info() *swift.InfoSection {
	all := pyjson.Object{}
	for _, name := range sortedKeys(rs.realms) {
		clusters := pyjson.Object{}
		for _, c := range sortedKeys(rs.realms[name].Clusters) {
			about := pyjson.Object{}
			if name == rs.currentRealm && c == rs.currentCluster {
				about.Set("current", true)
			}
			clusters.Set(c, about)
		}
		if len(clusters) > 0 {
			all.Set(name, pyjson.Object{{Key: "clusters", Value: clusters}})
		}
	}
	return &swift.InfoSection{Name: "container_sync", Value: pyjson.Object{{Key: "realms", Value: all}}}
}

func sortedKeys[V any](m map[string]V) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// target is where a container is synced to.
type target struct {
	url   string // of the container, without a trailing slash
	path  string // of url, as it is signed
	realm Realm
}

var errNoTarget = errors.New("nothing to sync to")

// refusal is the text of a 400 for an X-Container-Sync-To, as Swift spells the
// text for its clients.
type refusal string

func (r refusal) Error() string { return string(r) }

// resolve reads an X-Container-Sync-To. Only //realm/cluster/account/container
// is taken: a full URL has no realm key to sign with. The texts are Swift's
// (swift/common/utils: validate_sync_to; middleware/container_sync.py).
func (rs *Realms) resolve(value string) (target, error) {
	trimmed := strings.TrimRight(value, "/")
	if trimmed == "" {
		return target{}, errNoTarget
	}
	rest, ok := strings.CutPrefix(trimmed, "//")
	if !ok {
		return target{}, refusal("Full URLs are not allowed for X-Container-Sync-To values. " +
			"Only realm values of the format //realm/cluster/account/container are allowed.\n")
	}
	parts := strings.Split(rest, "/")
	if len(parts) != 4 || slices.Contains(parts, "") {
		return target{}, refusal("Invalid X-Container-Sync-To format '" + value + "'")
	}
	realm, ok := rs.realms[strings.ToUpper(parts[0])]
	if !ok {
		return target{}, refusal("No realm key for '" + parts[0] + "'")
	}
	endpoint, ok := realm.Clusters[strings.ToUpper(parts[1])]
	if !ok {
		return target{}, refusal("No cluster endpoint for '" + parts[0] + "' '" + parts[1] + "'")
	}
	u, err := url.Parse(endpoint)
	if err != nil {
		return target{}, fmt.Errorf("endpoint: %w", err)
	}
	names := "/" + web.Quote(web.Unquote(parts[2])) + "/" + web.Quote(web.Unquote(parts[3]))
	return target{url: endpoint + names, path: u.EscapedPath() + names, realm: realm}, nil
}

// CheckSyncTo judges the header of a container's PUT or POST: nil or a 400.
func (rs *Realms) CheckSyncTo(value string) error {
	if _, err := rs.resolve(value); err != nil && !errors.Is(err, errNoTarget) {
		return web.Textf(400, "%s", err)
	}
	return nil
}
