// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"fmt"
	"testing"
)

// newLimits makes the services svc and two, and registers limits for the
// resource r of svc, everywhere and in the first region.
func (w *world) newLimits() (everywhere, inRegion string) {
	w.t.Helper()
	w.newService("svc")
	w.newService("two")
	rows, err := w.CreateRegisteredLimits([]RegisteredLimit{
		{ServiceID: "svc", ResourceName: "r", DefaultLimit: 10},
		{ServiceID: "svc", ResourceName: "r", RegionID: DefaultRegion, DefaultLimit: 20},
	})
	w.ok(err)
	return rows[0].ID, rows[1].ID
}

// TestRegisteredLimitRefusals: values, resources and duplicates. A refused row
// keeps all rows of its request out.
func TestRegisteredLimitRefusals(t *testing.T) {
	w := newWorld(t)
	w.newLimits()
	create := func(rows ...RegisteredLimit) func() error {
		return func() error { _, err := w.CreateRegisteredLimits(rows); return err }
	}
	row := func(name string, value int) RegisteredLimit {
		return RegisteredLimit{ServiceID: "svc", ResourceName: name, DefaultLimit: value}
	}
	many := func(n int) (rows []RegisteredLimit) {
		for i := range n {
			rows = append(rows, row(fmt.Sprint("many", n, "-", i), 1))
		}
		return rows
	}
	before := len(w.RegisteredLimits())
	try(t, []attempt{
		{"less than unlimited", create(row("a", -2)), KindInvalid},
		{"more than a signed integer", create(row("a", MaxLimit+1)), KindInvalid},
		{"an unknown service", create(RegisteredLimit{ServiceID: "x", ResourceName: "a"}), KindInvalid},
		{"an unknown region", create(RegisteredLimit{ServiceID: "svc", ResourceName: "a", RegionID: "x"}), KindInvalid},
		{"a registered resource", create(row("r", 1)), KindConflict},
		{"twice in a request", create(row("a", 1), row("b", 1), row("a", 2)), KindConflict},
		{"a good row before a bad row", create(row("a", 1), row("b", -2)), KindInvalid},
		{"too many rows", create(many(maxLimits + 1)...), KindInvalid},
	})
	if n := len(w.RegisteredLimits()); n != before {
		t.Errorf("%d rows after refusals, %d before", n, before)
	}
	try(t, []attempt{
		{"unlimited", create(row("a", -1)), accepted},
		{"the largest", create(row("b", MaxLimit)), accepted},
		{"the resource at a second service", create(RegisteredLimit{ServiceID: "two", ResourceName: "r"}), accepted},
		{"no rows", create(), accepted},
		{"as many rows as allowed", create(many(maxLimits)...), accepted},
	})
	if n := len(w.RegisteredLimits()); n != before+3+maxLimits {
		t.Errorf("%d rows at the end", n)
	}
}

// TestRegisteredLimitChanges: the resource of a registered limit stays while a
// limit overrides the registered limit, its value does not.
func TestRegisteredLimitChanges(t *testing.T) {
	w := newWorld(t)
	everywhere, inRegion := w.newLimits()
	limits, err := w.CreateLimits([]Limit{{ProjectID: w.adminProject(), ServiceID: "svc", ResourceName: "r", ResourceLimit: 1}})
	w.ok(err)
	update := func(id string, edit func(*RegisteredLimit)) func() error {
		return func() error { _, err := w.UpdateRegisteredLimit(id, edit); return err }
	}
	remove := func(id string) func() error { return func() error { return w.DeleteRegisteredLimit(id) } }
	try(t, []attempt{
		{"a new value in use", update(everywhere, func(r *RegisteredLimit) { r.ID, r.DefaultLimit = "x", 11 }), accepted},
		{"a bad value", update(everywhere, func(r *RegisteredLimit) { r.DefaultLimit = -2 }), KindInvalid},
		{"a new resource in use", update(everywhere, func(r *RegisteredLimit) { r.ResourceName = "s" }), KindForbidden},
		{"a deletion in use", remove(everywhere), KindForbidden},
		{"a taken resource", update(inRegion, func(r *RegisteredLimit) { r.RegionID = "" }), KindConflict},
		{"a new resource", update(inRegion, func(r *RegisteredLimit) { r.ServiceID, r.ResourceName = "two", "s" }), accepted},
		{"an unknown service", update(inRegion, func(r *RegisteredLimit) { r.ServiceID = "x" }), KindInvalid},
		{"an unknown row", update("x", func(*RegisteredLimit) {}), KindNotFound},
		{"a deletion of an unknown row", remove("x"), KindNotFound},
		{"the limit is deleted", func() error { return w.DeleteLimit(limits[0].ID) }, accepted},
		{"a new resource, in use no more", update(everywhere, func(r *RegisteredLimit) { r.ResourceName = "s" }), accepted},
		{"a deletion, in use no more", remove(everywhere), accepted},
	})
	if r, err := w.RegisteredLimit(inRegion); err != nil || r.ServiceID != "two" || r.DefaultLimit != 20 {
		t.Errorf("the registered limit is %+v, %v", r, err)
	}
	if _, err := w.RegisteredLimit(everywhere); KindOf(err) != KindNotFound {
		t.Errorf("the deleted registered limit: %v", err)
	}
}

// TestLimitRefusals: a limit is of a project or a domain and overrides a
// registered limit of the same resource.
func TestLimitRefusals(t *testing.T) {
	w := newWorld(t)
	w.newLimits()
	project := w.adminProject()
	create := func(rows ...Limit) func() error {
		return func() error { _, err := w.CreateLimits(rows); return err }
	}
	of := func(change func(*Limit)) Limit {
		l := Limit{ProjectID: project, ServiceID: "svc", ResourceName: "r", ResourceLimit: 5}
		change(&l)
		return l
	}
	try(t, []attempt{
		{"less than unlimited", create(of(func(l *Limit) { l.ResourceLimit = -2 })), KindInvalid},
		{"an unknown service", create(of(func(l *Limit) { l.ServiceID = "x" })), KindInvalid},
		{"an unknown region", create(of(func(l *Limit) { l.RegionID = "x" })), KindInvalid},
		{"an unknown project", create(of(func(l *Limit) { l.ProjectID = "x" })), KindInvalid},
		{"an unknown domain", create(of(func(l *Limit) { l.ProjectID, l.DomainID = "", "x" })), KindInvalid},
		{"a project and a domain", create(of(func(l *Limit) { l.DomainID = DefaultDomainID })), KindInvalid},
		{"no project and no domain", create(of(func(l *Limit) { l.ProjectID = "" })), KindInvalid},
		{"a resource that is not registered", create(of(func(l *Limit) { l.ResourceName = "s" })), KindForbidden},
		{"a service of a different registration", create(of(func(l *Limit) { l.ServiceID = "two" })), KindForbidden},
		{"twice in a request", create(of(func(*Limit) {}), of(func(l *Limit) { l.ResourceLimit = 6 })), KindConflict},
		{"too many rows", create(make([]Limit, maxLimits+1)...), KindInvalid},
	})
	if n := len(w.Limits(nil)); n != 0 {
		t.Errorf("%d limits after refusals", n)
	}
	try(t, []attempt{
		{"a limit", create(of(func(*Limit) {})), accepted},
		{"the same limit", create(of(func(*Limit) {})), KindConflict},
		{"in a region", create(of(func(l *Limit) { l.RegionID = DefaultRegion })), accepted},
		{"of a domain", create(of(func(l *Limit) { l.ProjectID, l.DomainID = "", DefaultDomainID })), accepted},
		{"of the domain again", create(of(func(l *Limit) { l.ProjectID, l.DomainID = "", DefaultDomainID })), KindConflict},
	})
	if n := len(w.Limits(func(l *Limit) bool { return l.ProjectID == project })); n != 2 {
		t.Errorf("%d limits of the project", n)
	}
}

// TestLimitChanges: only value and description of a limit change.
func TestLimitChanges(t *testing.T) {
	w := newWorld(t)
	w.newLimits()
	rows, err := w.CreateLimits([]Limit{{ProjectID: w.adminProject(), ServiceID: "svc", ResourceName: "r", ResourceLimit: 5}})
	w.ok(err)
	id, text := rows[0].ID, "new"
	update := func(id string, edit func(*Limit)) func() error {
		return func() error { _, err := w.UpdateLimit(id, edit); return err }
	}
	try(t, []attempt{
		{"all fields", update(id, func(l *Limit) { *l = Limit{ID: "x", ServiceID: "x", ResourceLimit: 7, Description: &text} }), accepted},
		{"a bad value", update(id, func(l *Limit) { l.ResourceLimit = MaxLimit + 1 }), KindInvalid},
		{"an unknown limit", update("x", func(*Limit) {}), KindNotFound},
		{"a deletion of an unknown limit", func() error { return w.DeleteLimit("x") }, KindNotFound},
	})
	w.reopen()
	l, err := w.Limit(id)
	w.ok(err)
	if l.ResourceLimit != 7 || *l.Description != text || l.ServiceID != "svc" || l.ProjectID != w.adminProject() {
		t.Errorf("the limit is %+v", l)
	}
	w.ok(w.DeleteLimit(id))
	if _, err := w.Limit(id); KindOf(err) != KindNotFound {
		t.Errorf("the deleted limit: %v", err)
	}
}
