// SPDX-License-Identifier: Apache-2.0

package staticweb

import (
	"fmt"
	"strings"
)

var htmlEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;")

// escape is Python's html.escape.
func escape(s string) string { return htmlEscaper.Replace(s) }

// The texts are Swift's, byte for byte.
const (
	listingHead = "<!DOCTYPE html>\n" +
		"<html>\n" +
		" <head>\n" +
		"  <title>Listing of %s</title>\n" +
		"%s" +
		" </head>\n" +
		" <body>\n" +
		"  <h1 id=\"title\">Listing of %s</h1>\n" +
		"  <table id=\"listing\">\n" +
		"   <tr id=\"heading\">\n" +
		"    <th class=\"colname\">Name</th>\n" +
		"    <th class=\"colsize\">Size</th>\n" +
		"    <th class=\"coldate\">Date</th>\n" +
		"   </tr>\n"
	listingStyle = "  <style type=\"text/css\">\n" +
		"   h1 {font-size: 1em; font-weight: bold;}\n" +
		"   th {text-align: left; padding: 0px 1em 0px 1em;}\n" +
		"   td {padding: 0px 1em 0px 1em;}\n" +
		"   a {text-decoration: none;}\n" +
		"  </style>\n"
	styleLink = "  <link rel=\"stylesheet\" type=\"text/css\" href=\"%s\" />\n"
	noSize    = "    <td class=\"colsize\">&nbsp;</td>\n" +
		"    <td class=\"coldate\">&nbsp;</td>\n" +
		"   </tr>\n"
	parentRow = "   <tr id=\"parent\" class=\"item\">\n" +
		"    <td class=\"colname\"><a href=\"../%s\">../</a></td>\n" + noSize
	folderRow = "   <tr class=\"item subdir\">\n" +
		"    <td class=\"colname\"><a href=\"%s\">%s</a></td>\n" + noSize
	objectRow = "   <tr class=\"item %s\">\n" +
		"    <td class=\"colname\"><a href=\"%s\">%s</a></td>\n" +
		"    <td class=\"colsize\">%s</td>\n" +
		"    <td class=\"coldate\">%s</td>\n" +
		"   </tr>\n"
	listingFoot = "  </table>\n" +
		" </body>\n" +
		"</html>\n"

	disabledStyle = "  <style type=\"text/css\">\n" +
		"   h1 {font-size: 1em; font-weight: bold;}\n" +
		"   p {font-size: 2}\n" +
		"  </style>\n"
	disabledHead = "<!DOCTYPE html>\n" +
		"<html>\n" +
		"<head>\n" +
		"<title>Listing of %s</title>\n" +
		"%s" +
		"</head>\n" +
		"<body>" +
		"  <h1>Web Listing Disabled</h1>" +
		"   <p>The owner of this web site has disabled web listing." +
		"   <p>If you are the owner of this web site, you can enable" +
		"   web listing by setting X-Container-Meta-Web-Listings.</p>"
	disabledIndex = "<h1>Index File Not Found</h1>" +
		" <p>The owner of this web site has set " +
		" <b>X-Container-Meta-Web-Index: %s</b>. " +
		" However, this file is not found.</p>"
	disabledFoot = " </body>\n</html>\n"
)

// disabledPage returns the page for a folder with no index and no listing.
func disabledPage(s site, label, prefix string) string {
	page := fmt.Sprintf(disabledHead, escape(label), style(s, prefix, disabledStyle))
	if s.index != "" {
		page += fmt.Sprintf(disabledIndex, escape(s.index))
	}
	return page + disabledFoot
}
