package glance

import (
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// infoImport is GET /v2/info/import.
func (s *service) infoImport(*call) (*web.Response, error) {
	return jsonResponse(200, pyjson.Object{{Key: "import-methods", Value: pyjson.Object{
		{Key: "description", Value: "Import methods available."},
		{Key: "type", Value: "array"},
		{Key: "value", Value: s.ImportMethods},
	}}}), nil
}

// infoStores is GET /v2/info/stores: there is one store, and so no list.
func (s *service) infoStores(*call) (*web.Response, error) {
	return nil, failf(404, "Multi backend is not supported at this site.")
}
