// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"slices"
	"strings"

	"needletail/auth/identity"
	"needletail/proxy/pyjson"
)

// withRelatives shows a project with the parents and the subtree that the query
// asks for, as lists of projects or as nested ids.
func (c *call) withRelatives(p *identity.Project) (pyjson.Object, error) {
	o := c.project(p)
	for _, kind := range []string{"parents", "subtree"} {
		asList, asIDs := c.flag(kind+"_as_list"), c.flag(kind+"_as_ids")
		if asList && asIDs {
			return nil, badRequest("Cannot use " + kind + "_as_list and " + kind + "_as_ids query params at the same time.")
		}
		switch {
		case asList:
			o = append(o, pyjson.Member{Key: kind, Value: c.relatives(p, kind)})
		case asIDs && kind == "parents":
			o = append(o, pyjson.Member{Key: kind, Value: c.parentIDs(p)})
		case asIDs:
			o = append(o, pyjson.Member{Key: kind, Value: c.subtreeIDs(p.ID)})
		}
	}
	return o, nil
}

// relatives returns the parents or the subtree, without projects on which the
// caller has no role.
func (c *call) relatives(p *identity.Project, kind string) []pyjson.Object {
	list := c.svc.Parents(p)
	if kind == "subtree" {
		list = c.svc.Subtree(p.ID)
	}
	out := []pyjson.Object{}
	for _, q := range list {
		if len(c.svc.EffectiveRoles(c.caller.User.ID, identity.OnProject, q.ID)) > 0 {
			out = append(out, pyjson.Object{{Key: "project", Value: c.project(q)}})
		}
	}
	return out
}

// parentIDs returns {parent: {grandparent: … {domain: null}}}.
func (c *call) parentIDs(p *identity.Project) any {
	above := any(pyjson.Object{{Key: p.DomainID, Value: nil}})
	for _, up := range slices.Backward(c.svc.Parents(p)) {
		above = pyjson.Object{{Key: up.ID, Value: above}}
	}
	return above
}

// subtreeIDs returns {child: {grandchild: null}}, or null for a leaf. The depth
// is the depth of the hierarchy, which is bounded.
func (c *call) subtreeIDs(id string) any {
	var out pyjson.Object
	for _, p := range c.svc.Projects(func(p *identity.Project) bool { return p.ParentID == id }) {
		out = append(out, pyjson.Member{Key: p.ID, Value: c.subtreeIDs(p.ID)})
	}
	if out == nil {
		return nil
	}
	return out
}

// wantsTags applies the filters tags (has all of the list), tags-any (has one),
// not-tags (has not all) and not-tags-any (has none at all). The value of a
// filter is a list with commas.
func (c *call) wantsTags(tags []string) bool {
	has := func(tag string) bool { return slices.Contains(tags, tag) }
	all := func(list []string) bool { return !slices.ContainsFunc(list, func(t string) bool { return !has(t) }) }
	for key, passes := range map[string]func([]string) bool{
		"tags":         all,
		"tags-any":     func(l []string) bool { return slices.ContainsFunc(l, has) },
		"not-tags":     func(l []string) bool { return !all(l) },
		"not-tags-any": func(l []string) bool { return !slices.ContainsFunc(l, has) },
	} {
		if v, ok := c.Query()[key]; ok && !passes(strings.Split(v[0], ",")) {
			return false
		}
	}
	return true
}
