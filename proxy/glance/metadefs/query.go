// SPDX-License-Identifier: Apache-2.0

package metadefs

import (
	"cmp"
	"slices"
	"strings"

	"needletail/proxy/glance/paging"
	"needletail/proxy/glance/wire"
)

// namespaceQuery is the query of a listing of namespaces, checked.
type namespaceQuery struct {
	paging.Query
	visibility    string   // "" accepts both
	resourceTypes []string // nil accepts all
}

// namespaceKeys are the fields that a listing of namespaces sorts by.
var namespaceKeys = []string{"namespace", "created_at", "updated_at"}

func parseNamespaceQuery(raw string) (q *namespaceQuery, err error) {
	q = new(namespaceQuery)
	isKey := func(key string) bool { return slices.Contains(namespaceKeys, key) }
	q.Query, err = paging.Parse(raw, isKey, func(p paging.Pair) error {
		switch p.Key {
		case "visibility":
			if q.visibility = p.Value; p.Value != visibilityPublic && p.Value != visibilityPrivate {
				return wire.Errorf(400, "Invalid visibility value: %s", wire.Cut(p.Value))
			}
		case "resource_types":
			q.resourceTypes = strings.Split(p.Value, ",")
		}
		return nil
	})
	return q, err
}

// chooses says whether the listing has a namespace: a namespace for any of the
// resource types will do.
func (q *namespaceQuery) chooses(d *namespace) bool {
	ofType := func(p part) bool { return slices.Contains(q.resourceTypes, p.Name) }
	return (q.visibility == "" || q.visibility == d.Visibility) &&
		(q.resourceTypes == nil || slices.ContainsFunc(d.ResourceTypes, ofType))
}

// compare orders two namespaces by the key, and by their names if the keys are
// equal.
func (q *namespaceQuery) compare(x, y *namespace) int {
	order := 0
	switch q.Key {
	case "created_at":
		order = cmp.Compare(x.CreatedMicros, y.CreatedMicros)
	case "updated_at":
		order = cmp.Compare(x.UpdatedMicros, y.UpdatedMicros)
	}
	order = cmp.Or(order, strings.Compare(x.Namespace, y.Namespace))
	if q.Ascending {
		return order
	}
	return -order
}
