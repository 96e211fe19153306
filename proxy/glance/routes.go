package glance

import "needletail/proxy/web"

// call is one request on its way through a route.
type call struct {
	*web.Request
	caller    caller
	requestID string
	image     *image   // the snapshot at the time of the check; nil without {image}
	vars      []string // what the pattern's braces matched, in order
}

// route is one line of the router's table. The pattern's "{image}" loads the
// image and gives it to the rule; other braces match one segment.
type route struct {
	method, pattern string
	action          string // Glance's policy name
	rule            rule
	bodyless        bool // a body is refused (body_reject)
	serve           func(*service, *call) (*web.Response, error)
}

// routes are all that is served below /v2 (glance/api/v2/router.py).
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
	{"GET", "metadefs/namespaces", "get_metadef_namespaces", ruleToken, false, (*service).listNamespaces},
	{"POST", "metadefs/namespaces", "add_metadef_namespace", ruleAdmin, false, (*service).createNamespace},
	{"GET", "metadefs/namespaces/{namespace}", "get_metadef_namespace", ruleToken, true, (*service).showNamespace},
	{"PUT", "metadefs/namespaces/{namespace}", "modify_metadef_namespace", ruleAdmin, false, (*service).updateNamespace},
	{"DELETE", "metadefs/namespaces/{namespace}", "delete_metadef_namespace", ruleAdmin, true, (*service).deleteNamespace},
	{"GET", "metadefs/resource_types", "list_metadef_resource_types", ruleToken, true, (*service).listResourceTypes},
	{"GET", "metadefs/namespaces/{namespace}/resource_types", "get_metadef_resource_type", ruleToken, true, (*service).listAssociations},
	{"POST", "metadefs/namespaces/{namespace}/resource_types", "add_metadef_resource_type_association", ruleAdmin, false, associationParts.serve(partKind.createPart)},
	{"DELETE", "metadefs/namespaces/{namespace}/resource_types/{resource_type}", "remove_metadef_resource_type_association", ruleAdmin, true, associationParts.serve(partKind.deletePart)},
	{"GET", "metadefs/namespaces/{namespace}/properties", "get_metadef_properties", ruleToken, true, (*service).listProperties},
	{"POST", "metadefs/namespaces/{namespace}/properties", "add_metadef_property", ruleAdmin, false, propertyParts.serve(partKind.createPart)},
	{"DELETE", "metadefs/namespaces/{namespace}/properties", "remove_metadef_property", ruleAdmin, false, propertyParts.serve(partKind.deleteParts)},
	{"GET", "metadefs/namespaces/{namespace}/properties/{property}", "get_metadef_property", ruleToken, false, propertyParts.serve(partKind.showPart)},
	{"PUT", "metadefs/namespaces/{namespace}/properties/{property}", "modify_metadef_property", ruleAdmin, false, propertyParts.serve(partKind.updatePart)},
	{"DELETE", "metadefs/namespaces/{namespace}/properties/{property}", "remove_metadef_property", ruleAdmin, false, propertyParts.serve(partKind.deletePart)},
	{"GET", "metadefs/namespaces/{namespace}/objects", "get_metadef_objects", ruleToken, false, (*service).listObjects},
	{"POST", "metadefs/namespaces/{namespace}/objects", "add_metadef_object", ruleAdmin, false, objectParts.serve(partKind.createPart)},
	{"DELETE", "metadefs/namespaces/{namespace}/objects", "remove_metadef_object", ruleAdmin, false, objectParts.serve(partKind.deleteParts)},
	{"GET", "metadefs/namespaces/{namespace}/objects/{object}", "get_metadef_object", ruleToken, true, objectParts.serve(partKind.showPart)},
	{"PUT", "metadefs/namespaces/{namespace}/objects/{object}", "modify_metadef_object", ruleAdmin, false, objectParts.serve(partKind.updatePart)},
	{"DELETE", "metadefs/namespaces/{namespace}/objects/{object}", "remove_metadef_object", ruleAdmin, true, objectParts.serve(partKind.deletePart)},
	{"GET", "metadefs/namespaces/{namespace}/tags", "get_metadef_tags", ruleToken, false, (*service).listTags},
	{"POST", "metadefs/namespaces/{namespace}/tags", "add_metadef_tags", ruleAdmin, false, (*service).createTags},
	{"DELETE", "metadefs/namespaces/{namespace}/tags", "delete_metadef_tags", ruleAdmin, false, tagParts.serve(partKind.deleteParts)},
	{"GET", "metadefs/namespaces/{namespace}/tags/{tag}", "get_metadef_tag", ruleToken, true, tagParts.serve(partKind.showPart)},
	{"POST", "metadefs/namespaces/{namespace}/tags/{tag}", "add_metadef_tag", ruleAdmin, true, (*service).createTag},
	{"PUT", "metadefs/namespaces/{namespace}/tags/{tag}", "modify_metadef_tag", ruleAdmin, false, tagParts.serve(partKind.updatePart)},
	{"DELETE", "metadefs/namespaces/{namespace}/tags/{tag}", "delete_metadef_tag", ruleAdmin, true, tagParts.serve(partKind.deletePart)},
	{"GET", "schemas/metadefs/{schema}", "get_schema", ruleToken, true, (*service).showMetadefSchema},
	{"GET", "info/import", "get_discovery", ruleToken, false, (*service).infoImport},
	{"GET", "info/stores", "get_discovery", ruleToken, false, (*service).infoStores},
	{"GET", "info/usage", "get_discovery", ruleToken, false, (*service).infoUsage},
	{"GET", "schemas/{schema}", "get_schema", ruleToken, true, (*service).showSchema},
}
