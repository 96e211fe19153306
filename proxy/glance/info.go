// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// infoImport is GET /v2/info/import.
func (s *service) infoImport(*call) (*web.Response, error) {
	return wire.JSON(200, pyjson.Object{{Key: "import-methods", Value: pyjson.Object{
		{Key: "description", Value: "Import methods available."},
		{Key: "type", Value: "array"},
		{Key: "value", Value: s.ImportMethods},
	}}}), nil
}

// infoStores is GET /v2/info/stores. A site with a single store has no list of
// stores.
func (s *service) infoStores(*call) (*web.Response, error) {
	return nil, wire.Errorf(404, "Multi backend is not supported at this site.")
}
