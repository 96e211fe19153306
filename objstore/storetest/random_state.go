// SPDX-License-Identifier: Apache-2.0

package storetest

import "needletail/objstore"

// compareState compares the whole visible state but bodies: every account,
// every container, whole listings and a random page of each.
func (l *lockstep) compareState() {
	page := l.listOptions()
	l.settle(l.g.ExactCounts && l.g.ListedAtOnce, func(e *env) {
		now := *l
		now.env = e
		now.compareWith(page)
	})
}

func (l *lockstep) compareWith(page objstore.ListOptions) {
	for _, a := range randomAccounts {
		got, gotErr := l.s.HeadAccount(background, a, objstore.InfoOptions{})
		want, wantErr := l.model.HeadAccount(background, a, objstore.InfoOptions{})
		if !l.same(gotErr, wantErr) {
			continue
		}
		l.sameValue("account "+string(a), foldAccount(got), foldAccount(want))
		for _, o := range []objstore.ListOptions{everything, page} {
			l.sameValue("list of "+string(a)+", "+showOptions(o),
				l.containerEntries(l.s, a, o), l.containerEntries(l.model, a, o))
		}
		for _, c := range randomContainers {
			l.compareContainer(objstore.ContainerID{Account: a, Container: objstore.ContainerName(l.text(string(c)))}, page)
		}
	}
}

func foldAccount(i objstore.AccountInfo) objstore.AccountInfo {
	i.Created = fold(i.Created)
	i.Metadata = append(objstore.Metadata{}, i.Metadata...)
	i.Policies = append([]objstore.PolicyUsage{}, i.Policies...)
	return i
}

func (l *lockstep) containerEntries(s objstore.Store, a objstore.AccountName, o objstore.ListOptions) (all []objstore.ContainerEntry) {
	err := s.ListContainers(background, a, o, func(entry *objstore.ContainerEntry) error {
		e := *entry
		e.Modified = fold(e.Modified)
		all = append(all, e)
		return nil
	})
	l.ok(err)
	return all
}

func (l *lockstep) compareContainer(c objstore.ContainerID, page objstore.ListOptions) {
	got, gotErr := l.s.HeadContainer(background, c, objstore.InfoOptions{})
	want, wantErr := l.model.HeadContainer(background, c, objstore.InfoOptions{})
	if !l.same(gotErr, wantErr) {
		return
	}
	l.sameValue("container "+c.String(), foldContainer(got), foldContainer(want))
	for _, o := range []objstore.ListOptions{everything, page} {
		l.sameValue("list of "+c.String()+", "+showOptions(o),
			l.objectEntries(l.s, c, o), l.objectEntries(l.model, c, o))
	}
}

func foldContainer(i objstore.ContainerInfo) objstore.ContainerInfo {
	i.Created, i.Modified = fold(i.Created), fold(i.Modified)
	i.Metadata = append(objstore.Metadata{}, i.Metadata...)
	return i
}

func (l *lockstep) objectEntries(s objstore.Store, c objstore.ContainerID, o objstore.ListOptions) (all []objstore.ObjectEntry) {
	err := s.ListObjects(background, c, o, func(entry *objstore.ObjectEntry) error {
		e := *entry
		e.Modified = fold(e.Modified)
		e.Extra = append(objstore.Metadata{}, e.Extra...)
		all = append(all, e)
		return nil
	})
	l.ok(err)
	return all
}

// listOptions returns a page whose bounds are near the names in use.
func (l *lockstep) listOptions() objstore.ListOptions {
	bound := func() string {
		if l.chance(2) {
			return ""
		}
		name := l.text(string(pick(l, randomObjects)))
		switch l.rng.IntN(5) {
		case 0:
			return name + "\x00"
		case 1:
			return name + "/"
		case 2:
			return l.text(name[:len(name)-1])
		case 3:
			return l.text(string(pick(l, randomContainers)))
		}
		return name
	}
	o := objstore.ListOptions{
		Limit:     pick(l, []int{0, 1, 2, 3, 10000, 10000}),
		Marker:    bound(),
		EndMarker: bound(),
		Reverse:   l.chance(3),
		Delimiter: l.text(pick(l, []string{"", "", "/", "/", "-", "/b", "\xff", "//"})),
	}
	if l.chance(6) {
		p := pick(l, []string{"", "/", "a", "a/", "a/b", "none"})
		o.Path = &p
	}
	if l.chance(2) {
		o.Prefix = bound()
	}
	return o
}
