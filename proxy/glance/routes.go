package glance

import "needletail/proxy/swift"

// call is one request on its way through a route.
type call struct {
	*swift.Request
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
	bodyless        bool // a body is refused
	serve           func(*service, *call) (*swift.Response, error)
}

// routes are all that is served below /v2 (glance/api/v2/router.py).
var routes = []route{
	{"GET", "images", "get_images", ruleToken, false, (*service).listImages},
	{"POST", "images", "add_image", ruleToken, false, (*service).createImage},
	{"GET", "images/{image}", "get_image", ruleSee, false, (*service).showImage},
	{"PATCH", "images/{image}", "modify_image", ruleManage, false, (*service).patchImage},
	{"DELETE", "images/{image}", "delete_image", ruleManage, false, (*service).deleteImage},
	{"GET", "images/{image}/file", "download_image", ruleSee, false, (*service).downloadImage},
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
	{"PUT", "images/{image}/members/{member}", "modify_member", ruleSee, false, (*service).setMember},
	{"DELETE", "images/{image}/members/{member}", "delete_member", ruleManage, true, (*service).deleteMember},
	{"GET", "tasks", "tasks_api_access", ruleAdmin, false, (*service).listTasks},
	{"POST", "tasks", "tasks_api_access", ruleAdmin, false, (*service).createTask},
	{"GET", "tasks/{task}", "tasks_api_access", ruleAdmin, false, (*service).showTask},
	{"DELETE", "tasks/{task}", "tasks_api_access", ruleAdmin, false, (*service).deleteTask},
	{"GET", "info/import", "get_discovery", ruleToken, false, (*service).infoImport},
	{"GET", "info/stores", "get_discovery", ruleToken, false, (*service).infoStores},
	{"GET", "info/usage", "get_discovery", ruleToken, false, (*service).infoUsage},
	{"GET", "schemas/{schema}", "get_schema", ruleToken, false, (*service).showSchema},
}
