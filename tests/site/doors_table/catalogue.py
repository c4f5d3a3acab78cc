"""The catalogue and what was measured, in the admin: one line is one request (see the package)."""

# ruff: noqa: E501 - a table is read across

TABLE = """
# --- services: service ---
#                                                                   staff     publisher cent oper supe admi audi none nost outs
GET  /admin/services/service/                                       200  -    200  -    200  200  200  200  200  403  302  302
POST /admin/services/service/ delete_selected:spare_service         403  302  302+ 302  200  200  302+ 302+ 200  403  302  302
GET  /admin/services/service/add/                                   200  -    200  -    403  403  200  200  403  403  302  302
POST /admin/services/service/add/ nothing                           200  -    200  -    403  403  200  200  403  403  302  302
GET  /admin/services/service/{service}/                             302  302  -    -    -    -    -    302  -    302  -    302
GET  /admin/services/service/{service}/change/                      200  404  200  404  200  200  200  200  200  403  302  302
POST /admin/services/service/{service}/change/ nothing              200  404  200  404  403  403  200  200  403  403  302  302
GET  /admin/services/service/{service}/history/                     200  404  200  404  200  200  200  200  200  403  302  302
GET  /admin/services/service/{service}/delete/                      200  404  200  404  403  403  200  200  403  403  302  302
POST /admin/services/service/{spare_service}/delete/ sure           403  404  302+ 404  403  403  302+ 302+ 403  403  302  302
GET  /admin/services/service/?agency__id__exact={agency}            200  200  200  200  -    -    -    -    -    -    -    -
GET  /admin/services/service/?q=okka                                200  -    200  -    -    -    -    -    -    -    -    -
GET  /admin/services/service/add/?agency={agency}                   200  200  200  200  -    -    -    -    -    -    -    -
GET  /admin/services/service/import/                                403  -    403  -    403  403  403  200  403  403  302  302
POST /admin/services/service/import/ nothing                        403  -    403  -    403  403  403  200  403  403  302  302
GET  /admin/services/service/export/csv/                            403  -    403  -    403  403  403  200  403  403  302  302
GET  /admin/services/service/export/jsonld/                         403  -    403  -    403  403  403  200  403  403  302  302
GET  /admin/services/service/export/exe/                            403  -    403  -    -    -    -    404  -    403  -    302

# --- services: channel ---
#                                                                   staff     publisher cent oper supe admi audi none nost outs
GET  /admin/services/channel/                                       200  -    200  -    200  200  200  200  200  403  302  302
POST /admin/services/channel/ delete_selected:spare_channel         302+ 302  302+ 302  200  200  302+ 302+ 200  403  302  302
GET  /admin/services/channel/add/                                   200  -    200  -    403  403  200  200  403  403  302  302
POST /admin/services/channel/add/ nothing                           200  -    200  -    403  403  200  200  403  403  302  302
GET  /admin/services/channel/{channel}/                             302  302  -    -    -    -    -    302  -    302  -    302
GET  /admin/services/channel/{channel}/change/                      200  404  200  404  200  200  200  200  200  403  302  302
POST /admin/services/channel/{channel}/change/ nothing              200  404  200  404  403  403  200  200  403  403  302  302
GET  /admin/services/channel/{channel}/history/                     200  404  200  404  200  200  200  200  200  403  302  302
GET  /admin/services/channel/{channel}/delete/                      200  404  200  404  403  403  200  200  403  403  302  302
POST /admin/services/channel/{spare_channel}/delete/ sure           302+ 404  302+ 404  403  403  302+ 302+ 403  403  302  302
GET  /admin/services/channel/?service__agency__id__exact={agency}   200  200  200  200  -    -    -    -    -    -    -    -
GET  /admin/services/channel/?q=okka                                200  -    200  -    -    -    -    -    -    -    -    -
GET  /admin/services/channel/add/?service={service}                 200  200  200  200  -    -    -    -    -    -    -    -
POST /admin/services/channel/add/ channel                           200  200  200  200  403  403  200  200  403  403  302  302

# --- services: check ---
#                                                                   staff     publisher cent oper supe admi audi none nost outs
GET  /admin/services/check/                                         200  -    200  -    403  200  200  200  200  403  302  302
POST /admin/services/check/ delete_selected:spare_check             200  200  302+ 302  403  200  302+ 302+ 200  403  302  302
GET  /admin/services/check/add/                                     403  -    200  -    403  403  200  200  403  403  302  302
POST /admin/services/check/add/ nothing                             403  -    200  -    403  403  200  200  403  403  302  302
GET  /admin/services/check/{check}/                                 302  302  -    -    -    -    -    302  -    302  -    302
GET  /admin/services/check/{check}/change/                          200  404  200  404  403  200  200  200  200  403  302  302
POST /admin/services/check/{check}/change/ nothing                  403  404  200  404  403  403  200  200  403  403  302  302
GET  /admin/services/check/{check}/history/                         200  404  200  404  403  200  200  200  200  403  302  302
GET  /admin/services/check/{check}/delete/                          403  404  200  404  403  403  200  200  403  403  302  302
POST /admin/services/check/{spare_check}/delete/ sure               403  404  302+ 404  403  403  302+ 302+ 403  403  302  302
GET  /admin/services/check/?channel__service__agency__id__exact={agency} 200  200  200  200  -    -    -    -    -    -    -    -
GET  /admin/services/check/?q=okka                                  200  -    200  -    -    -    -    -    -    -    -    -
GET  /admin/services/check/add/?kind=tcp&channel={channel}          403  403  200  200  -    -    -    -    -    -    -    -
POST /admin/services/check/ disable:check                           200  200  302+ 302  403  200  302+ 302+ 200  403  302  302
POST /admin/services/check/ enable:check                            200  200  302  302  403  200  302  302  200  403  302  302
GET  /admin/services/check/{check}/try/                             403  404  405  404  404  403  405  405  403  404  302  302
POST /admin/services/check/{check}/try/ nothing                     403  404  200+ 404  404  403  200+ 200+ 403  404  302  302
GET  /admin/services/check/{check}/tokens/make/                     403  404  200  404  404  403  200  200  403  404  302  302
POST /admin/services/check/{check}/tokens/make/ nothing             403  404  200+ 404  404  403  200+ 200+ 403  404  302  302
GET  /admin/services/check/{check}/tokens/{token}/revoke/           403  404  200  404  404  403  200  200  403  404  302  302
POST /admin/services/check/{check}/tokens/{token}/revoke/ nothing   403  404  302+ 404  404  403  302+ 302+ 403  404  302  302

# --- services: category ---
#                                                                   staff     publisher cent oper supe admi audi none nost outs
GET  /admin/services/category/                                      200  -    200  -    200  200  200  200  200  403  302  302
POST /admin/services/category/ delete_selected:spare_category       200  -    200  -    200  200  200  302+ 200  403  302  302
GET  /admin/services/category/add/                                  403  -    403  -    403  403  403  200  403  403  302  302
POST /admin/services/category/add/ nothing                          403  -    403  -    403  403  403  200  403  403  302  302
GET  /admin/services/category/{category}/                           302  -    -    -    -    -    -    302  -    302  -    302
GET  /admin/services/category/{category}/change/                    200  -    200  -    200  200  200  200  200  403  302  302
POST /admin/services/category/{category}/change/ nothing            403  -    403  -    403  403  403  200  403  403  302  302
GET  /admin/services/category/{category}/history/                   200  -    200  -    200  200  200  200  200  403  302  302
GET  /admin/services/category/{category}/delete/                    403  -    403  -    403  403  403  200  403  403  302  302
POST /admin/services/category/{spare_category}/delete/ sure         403  -    403  -    403  403  403  302+ 403  403  302  302

# --- services: location ---
#                                                                   staff     publisher cent oper supe admi audi none nost outs
GET  /admin/services/location/                                      200  -    200  -    200  200  200  200  200  403  302  302
POST /admin/services/location/ delete_selected:spare_location       200  -    200  -    200  200  200  302+ 200  403  302  302
GET  /admin/services/location/add/                                  403  -    403  -    403  403  403  200  403  403  302  302
POST /admin/services/location/add/ nothing                          403  -    403  -    403  403  403  200  403  403  302  302
GET  /admin/services/location/{location}/                           302  -    -    -    -    -    -    302  -    302  -    302
GET  /admin/services/location/{location}/change/                    200  -    200  -    200  200  200  200  200  403  302  302
POST /admin/services/location/{location}/change/ nothing            403  -    403  -    403  403  403  200  403  403  302  302
GET  /admin/services/location/{location}/history/                   200  -    200  -    200  200  200  200  200  403  302  302
GET  /admin/services/location/{location}/delete/                    403  -    403  -    403  403  403  200  403  403  302  302
POST /admin/services/location/{spare_location}/delete/ sure         403  -    403  -    403  403  403  302+ 403  403  302  302

# --- services: referencetarget ---
#                                                                   staff     publisher cent oper supe admi audi none nost outs
GET  /admin/services/referencetarget/                               403  -    403  -    403  200  200  200  200  403  302  302
POST /admin/services/referencetarget/ delete_selected:reference     403  -    403  -    403  200  200  302+ 200  403  302  302
GET  /admin/services/referencetarget/add/                           403  -    403  -    403  403  403  200  403  403  302  302
POST /admin/services/referencetarget/add/ nothing                   403  -    403  -    403  403  403  200  403  403  302  302
GET  /admin/services/referencetarget/{reference}/                   302  -    -    -    -    -    -    302  -    302  -    302
GET  /admin/services/referencetarget/{reference}/change/            403  -    403  -    403  200  200  200  200  403  302  302
POST /admin/services/referencetarget/{reference}/change/ nothing    403  -    403  -    403  403  403  200  403  403  302  302
GET  /admin/services/referencetarget/{reference}/history/           403  -    403  -    403  200  200  200  200  403  302  302
GET  /admin/services/referencetarget/{reference}/delete/            403  -    403  -    403  403  403  200  403  403  302  302
POST /admin/services/referencetarget/{reference}/delete/ sure       403  -    403  -    403  403  403  302+ 403  403  302  302
GET  /admin/services/referencetarget/add/?kind=tcp                  403  -    403  -    403  403  403  200  403  403  302  302

# --- services: statuschange ---
#                                                                   staff     publisher cent oper supe admi audi none nost outs
GET  /admin/services/statuschange/                                  200  -    200  -    200  200  200  200  200  403  302  302
POST /admin/services/statuschange/ delete_selected:change           200  200  200  200  200  200  200  200  200  403  302  302
GET  /admin/services/statuschange/add/                              403  -    403  -    403  403  403  403  403  403  302  302
POST /admin/services/statuschange/add/ nothing                      403  -    403  -    403  403  403  403  403  403  302  302
GET  /admin/services/statuschange/{change}/                         302  302  -    -    -    -    -    302  -    302  -    302
GET  /admin/services/statuschange/{change}/change/                  200  404  200  404  200  200  200  200  200  403  302  302
POST /admin/services/statuschange/{change}/change/ nothing          403  404  403  404  403  403  403  403  403  403  302  302
GET  /admin/services/statuschange/{change}/history/                 200  404  200  404  200  200  200  200  200  403  302  302
GET  /admin/services/statuschange/{change}/delete/                  403  404  403  404  403  403  403  403  403  403  302  302
POST /admin/services/statuschange/{change}/delete/ sure             403  404  403  404  403  403  403  403  403  403  302  302
GET  /admin/services/statuschange/?service__agency__id__exact={agency} 200  200  200  200  -    -    -    -    -    -    -    -
GET  /admin/services/statuschange/?q=okka                           200  -    200  -    -    -    -    -    -    -    -    -

# --- services: proberdoubt ---
#                                                                   staff     publisher cent oper supe admi audi none nost outs
GET  /admin/services/proberdoubt/                                   403  -    403  -    200  200  200  200  200  403  302  302
POST /admin/services/proberdoubt/ delete_selected:doubt             403  -    403  -    200  200  200  200  200  403  302  302
GET  /admin/services/proberdoubt/add/                               403  -    403  -    403  403  403  403  403  403  302  302
POST /admin/services/proberdoubt/add/ nothing                       403  -    403  -    403  403  403  403  403  403  302  302
GET  /admin/services/proberdoubt/{doubt}/                           302  -    -    -    -    -    -    302  -    302  -    302
GET  /admin/services/proberdoubt/{doubt}/change/                    403  -    403  -    200  200  200  200  200  403  302  302
POST /admin/services/proberdoubt/{doubt}/change/ nothing            403  -    403  -    403  403  403  403  403  403  302  302
GET  /admin/services/proberdoubt/{doubt}/history/                   403  -    403  -    200  200  200  200  200  403  302  302
GET  /admin/services/proberdoubt/{doubt}/delete/                    403  -    403  -    403  403  403  403  403  403  302  302
POST /admin/services/proberdoubt/{doubt}/delete/ sure               403  -    403  -    403  403  403  403  403  403  302  302
"""
