// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"needletail/proxy/glance/metadefs"
	"needletail/proxy/web"
)

// call is a request on its way through a route.
type call struct {
	*web.Request
	caller    caller
	requestID string
	image     *image   // the snapshot that the rule judged; nil without {image}
	vars      []string // the segments that the pattern's braces matched, in order
}

// route is a line of the router's table. A name in braces matches a segment of
// the path. The name "{image}" also loads the image for the rule and the handler.
type route struct {
	method, pattern string
	action          string // Glance's policy name
	rule            rule
	bodyless        bool // a body is refused (body_reject)
	serve           func(*service, *call) (*web.Response, error)
}

// routes has everything that is served below /v2 (glance/api/v2/router.py), with
// the rule of each route. The routes of package metadefs stand here too: a single
// table tells who may do what.
var routes = []route{
	{"GET", "images", "get_images", ruleToken, false, (*service).listImages},
	{"POST", "images", "add_image", ruleMember, false, (*service).createImage},
	{"GET", "images/{image}", "get_image", ruleSee, true, (*service).showImage},
	{"PATCH", "images/{image}", "modify_image", ruleManage, false, (*service).patchImage},
	{"DELETE", "images/{image}", "delete_image", ruleManage, false, (*service).deleteImage},
	{"GET", "images/{image}/file", "download_image", ruleUse, false, (*service).downloadImage},
	{"PUT", "images/{image}/file", "upload_image", ruleManage, false, (*service).uploadImage},
	{"PUT", "images/{image}/stage", "stage_image", ruleManage, false, (*service).stageImage},
	{"POST", "images/{image}/import", "import_image", ruleManage, false, (*service).importImage},
	{"GET", "images/{image}/tasks", "get_image", ruleSee, false, (*service).listImageTasks},
	{"POST", "images/{image}/actions/deactivate", "deactivate", ruleManage, true, (*service).deactivateImage},
	{"POST", "images/{image}/actions/reactivate", "reactivate", ruleManage, true, (*service).reactivateImage},
	{"PUT", "images/{image}/tags/{tag}", "modify_image", ruleManage, true, (*service).putTag},
	{"DELETE", "images/{image}/tags/{tag}", "modify_image", ruleManage, true, (*service).deleteTag},
	{"GET", "images/{image}/members", "get_members", ruleSee, false, (*service).listMembers},
	{"POST", "images/{image}/members", "add_member", ruleManage, false, (*service).addMember},
	{"GET", "images/{image}/members/{member}", "get_member", ruleSee, false, (*service).showMember},
	{"PUT", "images/{image}/members/{member}", "modify_member", ruleUse, false, (*service).setMember},
	{"DELETE", "images/{image}/members/{member}", "delete_member", ruleManage, true, (*service).deleteMember},
	{"GET", "tasks", "tasks_api_access", ruleAdmin, false, (*service).listTasks},
	{"POST", "tasks", "tasks_api_access", ruleAdmin, false, (*service).createTask},
	{"GET", "tasks/{task}", "tasks_api_access", ruleAdmin, false, (*service).showTask},
	{"DELETE", "tasks/{task}", "tasks_api_access", ruleAdmin, false, (*service).deleteTask},
	{"GET", "metadefs/namespaces", "get_metadef_namespaces", ruleToken, false, metadef((*metadefs.API).ListNamespaces)},
	{"POST", "metadefs/namespaces", "add_metadef_namespace", ruleAdmin, false, metadef((*metadefs.API).CreateNamespace)},
	{"GET", "metadefs/namespaces/{namespace}", "get_metadef_namespace", ruleToken, true, metadef((*metadefs.API).ShowNamespace)},
	{"PUT", "metadefs/namespaces/{namespace}", "modify_metadef_namespace", ruleAdmin, false, metadef((*metadefs.API).UpdateNamespace)},
	{"DELETE", "metadefs/namespaces/{namespace}", "delete_metadef_namespace", ruleAdmin, true, metadef((*metadefs.API).DeleteNamespace)},
	{"GET", "metadefs/resource_types", "list_metadef_resource_types", ruleToken, true, metadef((*metadefs.API).ListResourceTypes)},
	{"GET", "metadefs/namespaces/{namespace}/resource_types", "get_metadef_resource_type", ruleToken, true, metadef((*metadefs.API).ListAssociations)},
	{"POST", "metadefs/namespaces/{namespace}/resource_types", "add_metadef_resource_type_association", ruleAdmin, false, metadef(metadefs.Associations.Create)},
	{"DELETE", "metadefs/namespaces/{namespace}/resource_types/{resource_type}", "remove_metadef_resource_type_association", ruleAdmin, true, metadef(metadefs.Associations.Delete)},
	{"GET", "metadefs/namespaces/{namespace}/properties", "get_metadef_properties", ruleToken, true, metadef((*metadefs.API).ListProperties)},
	{"POST", "metadefs/namespaces/{namespace}/properties", "add_metadef_property", ruleAdmin, false, metadef(metadefs.Properties.Create)},
	{"DELETE", "metadefs/namespaces/{namespace}/properties", "remove_metadef_property", ruleAdmin, false, metadef(metadefs.Properties.DeleteAll)},
	{"GET", "metadefs/namespaces/{namespace}/properties/{property}", "get_metadef_property", ruleToken, false, metadef(metadefs.Properties.Show)},
	{"PUT", "metadefs/namespaces/{namespace}/properties/{property}", "modify_metadef_property", ruleAdmin, false, metadef(metadefs.Properties.Update)},
	{"DELETE", "metadefs/namespaces/{namespace}/properties/{property}", "remove_metadef_property", ruleAdmin, false, metadef(metadefs.Properties.Delete)},
	{"GET", "metadefs/namespaces/{namespace}/objects", "get_metadef_objects", ruleToken, false, metadef((*metadefs.API).ListObjects)},
	{"POST", "metadefs/namespaces/{namespace}/objects", "add_metadef_object", ruleAdmin, false, metadef(metadefs.Objects.Create)},
	{"DELETE", "metadefs/namespaces/{namespace}/objects", "remove_metadef_object", ruleAdmin, false, metadef(metadefs.Objects.DeleteAll)},
	{"GET", "metadefs/namespaces/{namespace}/objects/{object}", "get_metadef_object", ruleToken, true, metadef(metadefs.Objects.Show)},
	{"PUT", "metadefs/namespaces/{namespace}/objects/{object}", "modify_metadef_object", ruleAdmin, false, metadef(metadefs.Objects.Update)},
	{"DELETE", "metadefs/namespaces/{namespace}/objects/{object}", "remove_metadef_object", ruleAdmin, true, metadef(metadefs.Objects.Delete)},
	{"GET", "metadefs/namespaces/{namespace}/tags", "get_metadef_tags", ruleToken, false, metadef((*metadefs.API).ListTags)},
	{"POST", "metadefs/namespaces/{namespace}/tags", "add_metadef_tags", ruleAdmin, false, metadef((*metadefs.API).CreateTags)},
	{"DELETE", "metadefs/namespaces/{namespace}/tags", "delete_metadef_tags", ruleAdmin, false, metadef(metadefs.Tags.DeleteAll)},
	{"GET", "metadefs/namespaces/{namespace}/tags/{tag}", "get_metadef_tag", ruleToken, true, metadef(metadefs.Tags.Show)},
	{"POST", "metadefs/namespaces/{namespace}/tags/{tag}", "add_metadef_tag", ruleAdmin, true, metadef((*metadefs.API).CreateTag)},
	{"PUT", "metadefs/namespaces/{namespace}/tags/{tag}", "modify_metadef_tag", ruleAdmin, false, metadef(metadefs.Tags.Update)},
	{"DELETE", "metadefs/namespaces/{namespace}/tags/{tag}", "delete_metadef_tag", ruleAdmin, true, metadef(metadefs.Tags.Delete)},
	{"GET", "schemas/metadefs/{schema}", "get_schema", ruleToken, true, metadef((*metadefs.API).ShowSchema)},
	{"GET", "info/import", "get_discovery", ruleToken, false, (*service).infoImport},
	{"GET", "info/stores", "get_discovery", ruleToken, false, (*service).infoStores},
	{"GET", "info/usage", "get_discovery", ruleToken, false, (*service).infoUsage},
	{"GET", "schemas/{schema}", "get_schema", ruleToken, true, (*service).showSchema},
}

// metadef returns the handler of a route that package metadefs serves.
func metadef(serve metadefs.Handler) func(*service, *call) (*web.Response, error) {
	return func(s *service, c *call) (*web.Response, error) {
		return serve(s.metadefs, &metadefs.Call{
			Request: c.Request, Project: c.caller.project, Admin: c.caller.admin, Vars: c.vars,
		})
	}
}
