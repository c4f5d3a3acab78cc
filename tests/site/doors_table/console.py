"""The console: one line is one request (see the package)."""

# ruff: noqa: E501 - a table is read across

TABLE = """
# --- pages ---
#                                                                   staff     publisher cent oper supe admi audi none nost outs
GET  /ops/                                                          200  -    200  -    200  200  200  200  200  403  302  302
GET  /ops/handover/                                                 200  -    200  -    200  200  200  200  200  403  302  302
GET  /ops/health/                                                   403  -    403  -    200  200  200  200  200  403  302  302
GET  /ops/incidents/                                                200  -    200  -    200  200  200  200  200  403  302  302
GET  /ops/incidents/?agency={code}                                  200  200  200  200  -    -    -    -    -    -    -    -
GET  /ops/incidents/?q=okka                                         200  -    200  -    -    -    -    -    -    -    -    -
GET  /ops/incidents/{ref}/                                          200  404  200  404  200  200  200  200  200  403  302  302
GET  /ops/incidents/{closed_ref}/                                   200  404  200  404  200  200  200  200  200  403  302  302
GET  /ops/incidents/{third_ref}/                                    200  -    200  -    -    -    -    -    -    -    -    -
GET  /ops/incidents/{third_closed_ref}/                             200  -    200  -    -    -    -    -    -    -    -    -
GET  /ops/incidents/IN-NOTHING/                                     404  -    404  -    -    -    -    404  -    403  -    302
GET  /ops/services/{slug}/why/                                      200  404  200  404  200  200  200  200  200  404  302  302
GET  /ops/services/nothing/why/                                     404  -    404  -    -    -    -    404  -    404  -    302

# --- opening ---
#                                                                   staff     publisher cent oper supe admi audi none nost outs
GET  /ops/incidents/new/                                            403  -    200  -    403  200  200  200  403  403  302  302
GET  /ops/incidents/new/?services={service}                         403  403  200  200  -    -    -    -    -    -    -    -
POST /ops/incidents/new/ opened                                     403  403  302+ 422  403  302+ 302+ 302+ 403  403  302  302
POST /ops/incidents/new/ nothing                                    403  -    200  -    403  200  200  200  403  403  302  302
GET  /ops/incidents/new/services/                                   405  -    405  -    405  405  405  405  405  405  405  405
POST /ops/incidents/new/services/ search                            403  403  200  200  403  200  200  200  403  403  302  302
POST /ops/incidents/new/services/ search-theirs                     403  403  200  200  -    -    -    -    -    -    -    -

# --- acts ---
#                                                                   staff     publisher cent oper supe admi audi none nost outs
GET  /ops/incidents/{ref}/acknowledge/                              405  405  405  405  405  405  405  405  405  405  405  405
POST /ops/incidents/{ref}/acknowledge/ nothing                      403  404  302+ 404  403  302+ 302+ 302+ 403  403  302  302
GET  /ops/incidents/{ref}/draft/                                    405  405  405  405  405  405  405  405  405  405  405  405
POST /ops/incidents/{ref}/draft/ typing                             403  404  200  404  403  200  200  200  403  403  302  302
GET  /ops/incidents/{ref}/note/                                     302  404  302  404  302  302  302  302  302  403  302  302
POST /ops/incidents/{ref}/note/ note                                403  404  302+ 404  403  302+ 302+ 302+ 403  403  302  302
POST /ops/incidents/{ref}/update/ update                            403  404  302+ 404  403  302+ 302+ 302+ 403  403  302  302
POST /ops/incidents/{ref}/update/ look                              403  404  200  404  403  200  200  200  403  403  302  302
POST /ops/incidents/{ref}/update/ drop                              403  404  302  404  403  302  302  302  403  403  302  302
POST /ops/incidents/{ref}/approve/ waiting                          403  404  302+ 404  403  302+ 302+ 302+ 403  403  302  302
POST /ops/incidents/{ref}/return/ waiting-back                      403  404  302+ 404  403  302+ 302+ 302+ 403  403  302  302
POST /ops/incidents/{ref}/correct/ correction                       403  404  302+ 404  403  302+ 302+ 302+ 403  403  302  302
POST /ops/incidents/{ref}/severity/ severity                        403  404  302+ 404  403  302+ 302+ 302+ 403  403  302  302
POST /ops/incidents/{ref}/services/ services                        403  404  302+ 404  403  302+ 302+ 302+ 403  403  302  302
POST /ops/incidents/{ref}/services/ search-theirs                   403  404  200  404  -    -    -    -    -    -    -    -
POST /ops/incidents/{ref}/declare/ declared                         403  404  302+ 404  403  302+ 302+ 302+ 403  403  302  302
POST /ops/incidents/{ref}/override/ overridden                      403  404  403  404  403  302+ 302+ 302+ 403  403  302  302
POST /ops/incidents/{ref}/take-back/ service                        403  404  403  404  403  302+ 302+ 302+ 403  403  302  302
POST /ops/incidents/{ref}/facts/ facts                              403  404  302+ 404  403  302+ 302+ 302+ 403  403  302  302
POST /ops/incidents/{ref}/resolve/ over                             403  404  302+ 404  403  302+ 302+ 302+ 403  403  302  302
POST /ops/incidents/{closed_ref}/reopen/ again                      403  404  302+ 404  403  302+ 302+ 302+ 403  403  302  302
POST /ops/incidents/{closed_ref}/report/ report                     403  404  302+ 404  403  302+ 302+ 302+ 403  403  302  302
POST /ops/incidents/{ref}/explode/ nothing                          404  -    404  -    -    -    -    404  -    403  -    302

# --- suspected ---
#                                                                   staff     publisher cent oper supe admi audi none nost outs
GET  /ops/suspicions/{suspicion_ref}/                               200  404  200  404  200  200  200  200  200  403  302  302
GET  /ops/suspicions/{suspicion_ref}/link/                          302  404  302  404  302  302  302  302  302  403  302  302
POST /ops/suspicions/{suspicion_ref}/link/ link                     403  404  302+ 404  403  302+ 302+ 302+ 403  403  302  302
POST /ops/suspicions/{suspicion_ref}/set-aside/ aside               403  404  302+ 404  403  302+ 302+ 302+ 403  403  302  302
POST /ops/suspicions/{suspicion_ref}/explode/ nothing               404  -    404  -    -    -    -    404  -    403  -    302
GET  /ops/incidents/new/?suspicion={suspicion_ref}&services={service} 403  403  200  200  -    -    -    -    -    -    -    -

# --- posts elsewhere ---
#                                                                   staff     publisher cent oper supe admi audi none nost outs
GET  /ops/share/{ref}/                                              403  404  200  404  403  200  200  200  403  403  302  302
POST /ops/share/{ref}/ posting                                      403  404  302+ 404  403  302+ 302+ 302+ 403  403  302  302
POST /ops/share/{ref}/ nothing                                      403  404  422  404  403  422  422  422  403  403  302  302
GET  /ops/share/{ahead_ref}/                                        403  404  200  404  403  200  200  200  403  403  302  302
POST /ops/share/{ahead_ref}/ posting                                403  404  302+ 404  403  302+ 302+ 302+ 403  403  302  302
GET  /ops/share/{third_ref}/                                        404  -    404  -    -    -    -    -    -    -    -    -

# --- of another agency, but listing a service of ours ---
#                                                                   staff     publisher cent oper supe admi audi none nost outs
POST /ops/incidents/{third_ref}/acknowledge/ nothing                403  -    403  -    -    -    -    -    -    -    -    -
POST /ops/incidents/{third_ref}/draft/ typing                       403  -    403  -    -    -    -    -    -    -    -    -
POST /ops/incidents/{third_ref}/note/ note                          403  -    403  -    -    -    -    -    -    -    -    -
POST /ops/incidents/{third_ref}/update/ update                      403  -    403  -    -    -    -    -    -    -    -    -
POST /ops/incidents/{third_ref}/severity/ severity                  403  -    403  -    -    -    -    -    -    -    -    -
POST /ops/incidents/{third_ref}/services/ services                  403  403  403  403  -    -    -    -    -    -    -    -
POST /ops/incidents/{third_ref}/declare/ declared                   403  403  403  403  -    -    -    -    -    -    -    -
POST /ops/incidents/{third_ref}/override/ overridden                403  403  403  403  -    -    -    -    -    -    -    -
POST /ops/incidents/{third_ref}/facts/ facts                        403  -    403  -    -    -    -    -    -    -    -    -
POST /ops/incidents/{third_ref}/resolve/ over                       403  -    403  -    -    -    -    -    -    -    -    -
POST /ops/incidents/{third_closed_ref}/reopen/ again                403  -    403  -    -    -    -    -    -    -    -    -
POST /ops/incidents/{third_closed_ref}/report/ report               403  -    403  -    -    -    -    -    -    -    -    -
"""
