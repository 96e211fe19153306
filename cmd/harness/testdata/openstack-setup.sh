#!/bin/sh
# What an operator sets up for an Image and an Object Storage service: run with
# OS_* of the admin, IMAGE_URL, SWIFT_URL and SERVICE_PASSWORD set. It may run
# again, and over what a bootstrap has made already.
set -e
openstack project create --or-show service >/dev/null
for role in service ResellerAdmin; do openstack role create --or-show $role >/dev/null; done
for user in glance swift glance-swift; do
  openstack user create --or-show $user >/dev/null
  openstack user set --password "$SERVICE_PASSWORD" --project service $user
  openstack role add --user $user --project service service
done
openstack role add --user glance-swift --project service ResellerAdmin
openstack role add --user swift --project service admin
openstack role add --user glance --system all reader

service() { # TYPE NAME
  [ -n "$(openstack service list -f value -c Type | grep -x "$1")" ] || openstack service create --name "$2" "$1" >/dev/null
}
endpoint() { # TYPE INTERFACE URL
  id=$(openstack endpoint list --service "$1" --interface "$2" -f value -c ID)
  if [ -n "$id" ]; then openstack endpoint set --url "$3" "$id"
  else openstack endpoint create --region RegionOne "$1" "$2" "$3" >/dev/null; fi
}
service image glance
endpoint image public "$IMAGE_URL"
endpoint image internal "$IMAGE_URL"
endpoint image admin "$IMAGE_URL"
service object-store swift
endpoint object-store public "$SWIFT_URL/v1/AUTH_\$(project_id)s"
endpoint object-store internal "$SWIFT_URL/v1/AUTH_\$(project_id)s"
endpoint object-store admin "$SWIFT_URL"

limit() { # RESOURCE LIMIT
  [ -n "$(openstack registered limit list --resource-name "$1" -f value -c ID)" ] ||
    openstack registered limit create --service glance --region RegionOne --default-limit "$2" "$1" >/dev/null
}
limit image_size_total 1000
limit image_stage_total 1000
limit image_count_total 100
limit image_count_uploading 100

for project in alpha beta; do
  openstack project create --or-show $project >/dev/null
  openstack user create --or-show $project >/dev/null
  openstack user set --password "$SERVICE_PASSWORD" --project $project $project
  openstack role add --user $project --project $project member
done
