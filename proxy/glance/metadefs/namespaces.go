// SPDX-License-Identifier: Apache-2.0

package metadefs

import (
	"maps"
	"slices"

	"needletail/proxy/glance/paging"
	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// find returns the namespace of the path, if the caller may see the namespace.
func (a *API) find(c *Call) (*namespace, error) {
	d := a.book.records.Get(c.Vars[0])
	if d == nil || !d.visibleTo(c) {
		return nil, noNamespace(c.Vars[0])
	}
	return d, nil
}

// ListNamespaces is GET /v2/metadefs/namespaces.
func (a *API) ListNamespaces(c *Call) (*web.Response, error) {
	q, err := parseNamespaceQuery(c.RawQuery)
	if err != nil {
		return nil, err
	}
	list := slices.DeleteFunc(a.book.visible(c), func(d *namespace) bool { return !q.chooses(d) })
	slices.SortFunc(list, q.compare)
	if q.Marker != "" {
		i := slices.IndexFunc(list, func(d *namespace) bool { return d.Namespace == q.Marker })
		if i < 0 {
			return nil, noNamespace(q.Marker)
		}
		list = list[i+1:]
	}
	list = list[:min(len(list), q.Limit)]
	return paging.Respond(c.Request, "namespaces", list, (*namespace).view, func(n int) pyjson.Object {
		rest := pyjson.Object{{Key: "first", Value: paging.Link("/v2/metadefs/namespaces", q.Pairs, "")}}
		if paging.More(n, q.Limit, len(list)) {
			rest = append(rest, pyjson.Member{Key: "next", Value: paging.Link("/v2/metadefs/namespaces", q.Pairs, list[n-1].Namespace)})
		}
		return append(rest, pyjson.Member{Key: "schema", Value: "/v2/schemas/metadefs/namespaces"})
	})
}

// CreateNamespace is POST /v2/metadefs/namespaces. The body may have all parts
// of the namespace too.
func (a *API) CreateNamespace(c *Call) (*web.Response, error) {
	body, err := readShape(c, "namespace", namespaceShape, "namespace")
	if err != nil {
		return nil, err
	}
	now := a.nowMicros()
	d := &namespace{Owner: c.Project, CreatedMicros: now, UpdatedMicros: now}
	d.setAttributes(body)
	if err := d.setAllParts(body, now); err != nil {
		return nil, err
	}
	if err := a.book.add(c.Context(), d); err != nil {
		return nil, err
	}
	res := wire.JSON(201, d.wholeView(""))
	res.Header.Add("Location", c.BaseURL()+d.self())
	return res, nil
}

// readShape returns the request's body, an object of the shapes.
func readShape(c *Call, schema string, shapes map[string]shape, must ...string) (pyjson.Object, error) {
	body, err := wire.ReadObject(c.Request)
	if err != nil {
		return nil, err
	}
	return body, checkShape(schema, body, shapes, must...)
}

// ShowNamespace is GET /v2/metadefs/namespaces/{namespace}.
func (a *API) ShowNamespace(c *Call) (*web.Response, error) {
	d, err := a.find(c)
	if err != nil {
		return nil, err
	}
	pairs, err := paging.ParsePairs(c.RawQuery)
	if err != nil {
		return nil, err
	}
	resourceType := ""
	for _, p := range pairs {
		if p.Key == "resource_type" {
			resourceType = p.Value
		}
	}
	return wire.JSON(200, d.wholeView(resourceType)), nil
}

// UpdateNamespace is PUT /v2/metadefs/namespaces/{namespace}. The namespace may
// get another name; the parts stay as they are.
func (a *API) UpdateNamespace(c *Call) (*web.Response, error) {
	body, err := readShape(c, "namespace", namespaceShape, "namespace")
	if err != nil {
		return nil, err
	}
	d, err := a.book.update(c.Context(), c.Vars[0], a.nowMicros(), func(d *namespace) error {
		d.setAttributes(body)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return wire.JSON(200, d.view()), nil
}

// DeleteNamespace is DELETE /v2/metadefs/namespaces/{namespace}.
func (a *API) DeleteNamespace(c *Call) (*web.Response, error) {
	if err := a.book.remove(c.Context(), c.Vars[0]); err != nil {
		return nil, err
	}
	return wire.Empty(204), nil
}

// ListResourceTypes is GET /v2/metadefs/resource_types: the resource types of
// all namespaces that the caller may see, with the times of the oldest
// association.
func (a *API) ListResourceTypes(c *Call) (*web.Response, error) {
	oldest := map[string]part{}
	for _, d := range a.book.visible(c) {
		for _, p := range d.ResourceTypes {
			if seen, ok := oldest[p.Name]; !ok || p.CreatedMicros < seen.CreatedMicros {
				oldest[p.Name] = p
			}
		}
	}
	views := pyjson.Array{}
	for _, name := range slices.Sorted(maps.Keys(oldest)) {
		p := oldest[name]
		views = append(views, append(pyjson.Object{{Key: "name", Value: name}}, p.times()...))
	}
	return wire.JSON(200, pyjson.Object{{Key: "resource_types", Value: views}}), nil
}
