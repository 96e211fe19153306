// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"fmt"

	"needletail/objstore/twin"
)

// The kind of a table is the first byte of its keys in the store. A kind is
// never given to a second table: rows of an old store would be read as rows of
// the new table.
const (
	kindDomain      = 'd'
	kindProject     = 'p'
	kindUser        = 'u'
	kindRole        = 'r'
	kindMilestone   = 'm'
	kindImplication = 'i'
	kindGrant       = 'g'
	kindRegion      = 'R'
	kindService     = 's'
	kindEndpoint    = 'e'
	kindAppCred     = 'c'
	kindRevocation  = 'x'
	kindGroup       = 'G'
	kindMembership  = 'M'
	kindAccessRule  = 'a'
	kindTrust       = 't'
	kindCredential  = 'k'
	kindRegistered  = 'l'
	kindLimit       = 'L'
)

// tables are all tables of the store. A new table needs a kind, a field and a
// line in makeTables.
type tables struct {
	byKind map[byte]loader

	domains      *table[Domain]
	projects     *table[Project]
	users        *table[User]
	roles        *table[Role]
	implications *table[Implication]
	grants       *table[Grant]
	regions      *table[Region]
	services     *table[CatalogService]
	endpoints    *table[Endpoint]
	appCreds     *table[AppCredential]
	revocations  *table[Revocation]
	milestones   *table[Milestone]
	groups       *table[Group]
	memberships  *table[Membership]
	accessRules  *table[AccessRule]
	trusts       *table[Trust]
	credentials  *table[Credential]
	registered   *table[RegisteredLimit]
	limits       *table[Limit]
}

// loader is a table without the type of its rows.
type loader interface {
	load(id string, value []byte) error
}

// addTable returns an empty table and registers it under its kind. A nil key
// allows two rows of the same name.
func addTable[T any](s *Service, kind byte, key func(*T) nameKey) *table[T] {
	t := &table[T]{kind: kind, rows: map[string]*T{}, names: map[nameKey]string{}, key: key}
	s.byKind[kind] = t
	return t
}

// makeTables makes all tables, empty, and the indexes that some tables keep.
func (s *Service) makeTables() {
	s.byKind = map[byte]loader{}
	s.domains = addTable(s, kindDomain, func(d *Domain) nameKey { return nameKey{"", d.Name} })
	s.projects = addTable(s, kindProject, func(p *Project) nameKey { return nameKey{p.DomainID, p.Name} })
	s.users = addTable(s, kindUser, func(u *User) nameKey { return nameKey{u.DomainID, u.Name} })
	s.roles = addTable(s, kindRole, func(r *Role) nameKey { return nameKey{r.DomainID, r.Name} })
	s.implications = addTable[Implication](s, kindImplication, nil)
	s.grants = addTable[Grant](s, kindGrant, nil)
	s.regions = addTable[Region](s, kindRegion, nil)
	s.services = addTable[CatalogService](s, kindService, nil)
	s.endpoints = addTable[Endpoint](s, kindEndpoint, nil)
	s.appCreds = addTable(s, kindAppCred, func(a *AppCredential) nameKey { return nameKey{a.UserID, a.Name} })
	s.revocations = addTable[Revocation](s, kindRevocation, nil)
	s.milestones = addTable[Milestone](s, kindMilestone, nil)
	s.groups = addTable(s, kindGroup, func(g *Group) nameKey { return nameKey{g.DomainID, g.Name} })
	s.memberships = addTable[Membership](s, kindMembership, nil)
	s.accessRules = addTable[AccessRule](s, kindAccessRule, nil)
	s.trusts = addTable[Trust](s, kindTrust, nil)
	s.credentials = addTable[Credential](s, kindCredential, nil)
	s.registered = addTable[RegisteredLimit](s, kindRegistered, nil)
	s.limits = addTable[Limit](s, kindLimit, nil)

	s.actorGrants = map[string]map[Grant]struct{}{}
	s.grants.onSet, s.grants.onDelete = s.indexGrant, s.unindexGrant
	s.userGroups = map[string]map[string]struct{}{}
	s.memberships.onSet, s.memberships.onDelete = s.indexMembership, s.unindexMembership
	s.revoked = newRevokedIndex()
	s.revocations.onSet, s.revocations.onDelete = s.revoked.add, s.revoked.remove
}

// load reads every row of the store into its table. It fails on a row of an
// unknown table, of an unknown version or with malformed JSON: a store of a
// later version is refused, never half read.
func (s *Service) load() error {
	return twin.Scan(s.db.Source(), []byte{controlPrefix[0] + 1}, nil, func(key, value []byte) error {
		t := s.byKind[key[0]]
		if t == nil {
			return fmt.Errorf("identity: unknown table %q", key[0])
		}
		return t.load(string(key[1:]), value)
	})
}
