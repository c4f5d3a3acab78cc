"""People, tokens, the record, the admin itself and the sign-in: one line is one request."""

# ruff: noqa: E501 - a table is read across

TABLE = """
# --- accounts: apitoken ---
#                                                                   staff     publisher cent oper supe admi audi none nost outs
GET  /admin/accounts/apitoken/                                      403  -    200  -    403  403  200  200  200  403  302  302
POST /admin/accounts/apitoken/ delete_selected:api_token            403  403  200  200  403  403  200  200  200  403  302  302
GET  /admin/accounts/apitoken/add/                                  403  -    200  -    403  403  403  200  403  403  302  302
POST /admin/accounts/apitoken/add/ nothing                          403  -    200  -    403  403  403  200  403  403  302  302
GET  /admin/accounts/apitoken/{api_token}/                          302  302  -    -    -    -    -    302  -    302  -    302
GET  /admin/accounts/apitoken/{api_token}/change/                   403  403  200  404  403  403  200  200  200  403  302  302
POST /admin/accounts/apitoken/{api_token}/change/ nothing           403  403  403  404  403  403  403  403  403  403  302  302
GET  /admin/accounts/apitoken/{api_token}/history/                  403  403  200  404  403  403  200  200  200  403  302  302
GET  /admin/accounts/apitoken/{api_token}/delete/                   403  403  403  404  403  403  403  403  403  403  302  302
POST /admin/accounts/apitoken/{api_token}/delete/ sure              403  403  403  404  403  403  403  403  403  403  302  302
GET  /admin/accounts/apitoken/?agency__id__exact={agency}           403  403  200  200  -    -    -    -    -    -    -    -
GET  /admin/accounts/apitoken/?q=okka                               403  -    200  -    -    -    -    -    -    -    -    -
POST /admin/accounts/apitoken/add/ token                            403  403  200+ 200  403  403  403  200+ 403  403  302  302
GET  /admin/accounts/apitoken/{api_token}/revoke/                   404  404  200  404  404  404  403  200  403  404  302  302
POST /admin/accounts/apitoken/{api_token}/revoke/ nothing           404  404  302+ 404  404  404  403  302+ 403  404  302  302

# --- accounts: agency ---
#                                                                   staff     publisher cent oper supe admi audi none nost outs
GET  /admin/accounts/agency/                                        200  -    200  -    200  200  200  200  200  403  302  302
POST /admin/accounts/agency/ delete_selected:spare_agency           200  -    200  -    200  200  200  302+ 200  403  302  302
GET  /admin/accounts/agency/add/                                    403  -    403  -    403  403  403  200  403  403  302  302
POST /admin/accounts/agency/add/ nothing                            403  -    403  -    403  403  403  200  403  403  302  302
GET  /admin/accounts/agency/{agency}/                               302  302  -    -    -    -    -    302  -    302  -    302
GET  /admin/accounts/agency/{agency}/change/                        200  404  200  404  200  200  200  200  200  403  302  302
POST /admin/accounts/agency/{agency}/change/ nothing                403  404  403  404  403  403  403  200  403  403  302  302
GET  /admin/accounts/agency/{agency}/history/                       200  404  200  404  200  200  200  200  200  403  302  302
GET  /admin/accounts/agency/{agency}/delete/                        403  404  403  404  403  403  403  200  403  403  302  302
POST /admin/accounts/agency/{spare_agency}/delete/ sure             404  -    404  -    403  403  403  302+ 403  403  302  302
GET  /admin/accounts/agency/?q=okka                                 200  -    200  -    -    -    -    -    -    -    -    -

# --- accounts: user ---
#                                                                   staff     publisher cent oper supe admi audi none nost outs
GET  /admin/accounts/user/                                          403  -    403  -    403  403  200  200  200  403  302  302
POST /admin/accounts/user/ delete_selected:spare_person             403  -    403  -    403  403  200  200  200  403  302  302
GET  /admin/accounts/user/add/                                      403  -    403  -    403  403  403  200  403  403  302  302
POST /admin/accounts/user/add/ nothing                              403  -    403  -    403  403  403  200  403  403  302  302
GET  /admin/accounts/user/{person}/                                 302  -    -    -    -    -    -    302  -    302  -    302
GET  /admin/accounts/user/{person}/change/                          403  -    403  -    403  403  200  200  200  403  302  302
POST /admin/accounts/user/{person}/change/ nothing                  403  -    403  -    403  403  403  200  403  403  302  302
GET  /admin/accounts/user/{person}/history/                         403  -    403  -    403  403  200  200  200  403  302  302
GET  /admin/accounts/user/{person}/delete/                          403  -    403  -    403  403  403  200  403  403  302  302
POST /admin/accounts/user/{spare_person}/delete/ sure               403  -    403  -    403  403  403  200  403  403  302  302
POST /admin/accounts/user/ invite:spare_person                      403  -    403  -    403  403  200  302+ 200  403  302  302
POST /admin/accounts/user/ deactivate:spare_person                  403  -    403  -    403  403  200  302+ 200  403  302  302

# --- core: auditentry ---
#                                                                   staff     publisher cent oper supe admi audi none nost outs
GET  /admin/core/auditentry/                                        403  -    403  -    403  403  200  200  200  403  302  302
POST /admin/core/auditentry/ delete_selected:entry                  403  403  403  403  403  403  200  200  200  403  302  302
GET  /admin/core/auditentry/add/                                    403  -    403  -    403  403  403  403  403  403  302  302
POST /admin/core/auditentry/add/ nothing                            403  -    403  -    403  403  403  403  403  403  302  302
GET  /admin/core/auditentry/{entry}/                                302  302  -    -    -    -    -    302  -    302  -    302
GET  /admin/core/auditentry/{entry}/change/                         403  403  403  403  403  403  200  200  200  403  302  302
POST /admin/core/auditentry/{entry}/change/ nothing                 403  403  403  403  403  403  403  403  403  403  302  302
GET  /admin/core/auditentry/{entry}/history/                        403  403  403  403  403  403  200  200  200  403  302  302
GET  /admin/core/auditentry/{entry}/delete/                         403  403  403  403  403  403  403  403  403  403  302  302
POST /admin/core/auditentry/{entry}/delete/ sure                    403  403  403  403  403  403  403  403  403  403  302  302
GET  /admin/core/auditentry/export/                                 403  -    403  -    403  403  405  405  405  403  302  302
POST /admin/core/auditentry/export/ nothing                         403  -    403  -    403  403  200+ 200+ 200+ 403  302  302

# --- core: event ---
#                                                                   staff     publisher cent oper supe admi audi none nost outs
GET  /admin/core/event/                                             403  -    403  -    403  403  200  200  200  403  302  302
POST /admin/core/event/ delete_selected:event                       403  -    403  -    403  403  200  200  200  403  302  302
GET  /admin/core/event/add/                                         403  -    403  -    403  403  403  403  403  403  302  302
POST /admin/core/event/add/ nothing                                 403  -    403  -    403  403  403  403  403  403  302  302
GET  /admin/core/event/{event}/                                     302  -    -    -    -    -    -    302  -    302  -    302
GET  /admin/core/event/{event}/change/                              403  -    403  -    403  403  200  200  200  403  302  302
POST /admin/core/event/{event}/change/ nothing                      403  -    403  -    403  403  403  403  403  403  302  302
GET  /admin/core/event/{event}/history/                             403  -    403  -    403  403  200  200  200  403  302  302
GET  /admin/core/event/{event}/delete/                              403  -    403  -    403  403  403  403  403  403  302  302
POST /admin/core/event/{event}/delete/ sure                         403  -    403  -    403  403  403  403  403  403  302  302

# --- the admin itself ---
#                                                                   staff     publisher cent oper supe admi audi none nost outs
GET  /admin/                                                        200  -    200  -    200  200  200  200  200  200  302  302
GET  /admin/login/                                                  302  -    302  -    302  302  302  302  302  302  403  302
POST /admin/login/ nothing                                          302  -    302  -    302  302  302  302  302  302  403  302
POST /admin/logout/ nothing                                         302+ -    302+ -    302+ 302+ 302+ 302+ 302+ 302+ 302  302
GET  /admin/password_change/                                        302  -    302  -    302  302  302  302  302  302  302  302
POST /admin/password_change/ nothing                                302  -    302  -    302  302  302  302  302  302  302  302
GET  /admin/password_change/done/                                   302  -    302  -    302  302  302  302  302  302  302  302
GET  /admin/jsi18n/                                                 200  -    200  -    200  200  200  200  200  200  302  302
GET  /admin/r/{service_type}/{service}/                             404  404  404  404  404  404  404  404  404  404  302  302
GET  /admin/maintenance/                                            200  -    200  -    200  200  200  200  200  404  302  302
GET  /admin/incidents/                                              200  -    200  -    200  200  200  200  200  404  302  302
GET  /admin/services/                                               200  -    200  -    200  200  200  200  200  404  302  302
GET  /admin/accounts/                                               200  -    200  -    200  200  200  200  200  404  302  302
GET  /admin/reports/                                                200  -    200  -    200  200  200  200  200  404  302  302
GET  /admin/core/                                                   404  -    404  -    404  404  200  200  200  404  302  302
GET  /admin/nothing/                                                404  -    404  -    404  404  404  404  404  404  302  302
GET  /admin/autocomplete/?app_label=services&model_name=channel&field_name=service&term=okka 200  -    200  -    -    -    -    -    -    403  -    302
GET  /admin/autocomplete/?app_label=services&model_name=channel&field_name=service&term=شيء 200  -    200  -    -    -    -    -    -    403  -    302
GET  /admin/autocomplete/?app_label=services&model_name=check&field_name=channel&term= 200  -    200  -    -    -    -    -    -    403  -    302
GET  /admin/autocomplete/?app_label=services&model_name=service&field_name=agency&term= 200  -    200  -    -    -    -    -    -    403  -    302
GET  /admin/autocomplete/?app_label=services&model_name=service&field_name=category&term= 200  -    200  -    -    -    -    -    -    403  -    302
GET  /admin/autocomplete/?app_label=services&model_name=edge&field_name=upstream&term= 200  -    200  -    -    -    -    -    -    403  -    302
GET  /admin/autocomplete/?app_label=incidents&model_name=incident&field_name=agency&term= 200  -    200  -    -    -    -    -    -    403  -    302
GET  /admin/autocomplete/?app_label=incidents&model_name=incident&field_name=absorbed_into&term= 200  -    200  -    -    -    -    -    -    403  -    302
GET  /admin/autocomplete/?app_label=maintenance&model_name=window&field_name=moved_to&term= 200  -    200  -    -    -    -    -    -    403  -    302
GET  /admin/autocomplete/?app_label=maintenance&model_name=window&field_name=series&term= 403  -    403  -    -    -    -    -    -    403  -    302
GET  /admin/autocomplete/?app_label=accounts&model_name=membership&field_name=user&term= 403  -    403  -    403  403  200  200  200  403  302  302
GET  /admin/autocomplete/?app_label=accounts&model_name=membership&field_name=agency&term= 200  -    200  -    -    -    -    -    -    403  -    302
GET  /admin/autocomplete/?app_label=core&model_name=auditentry&field_name=actor&term= 403  -    403  -    403  403  200  200  200  403  302  302
GET  /admin/autocomplete/?app_label=nothing&model_name=nothing&field_name=nothing 403  -    403  -    -    -    -    403  -    403  -    302

# --- signing in ---
#                                                                   staff     publisher cent oper supe admi audi none nost outs
GET  /accounts/login/                                               302  -    -    -    -    -    -    302  -    302  302  200
POST /accounts/login/ nothing                                       302  -    -    -    -    -    -    302  -    302  302  200
GET  /accounts/logout/                                              200  -    -    -    -    -    -    200  -    200  200  302
POST /accounts/logout/ nothing                                      302+ -    -    -    -    -    -    302+ -    302+ 302+ 302
GET  /accounts/inactive/                                            200  -    -    -    -    -    -    200  -    200  200  200
POST /accounts/inactive/ nothing                                    405  -    -    -    -    -    -    405  -    405  405  405
GET  /accounts/reauthenticate/                                      200  -    -    -    -    -    -    200  -    200  200  302
POST /accounts/reauthenticate/ nothing                              200  -    -    -    -    -    -    200  -    200  200  302
GET  /accounts/password/change/                                     200  -    -    -    -    -    -    200  -    200  200  302
POST /accounts/password/change/ nothing                             200  -    -    -    -    -    -    200  -    200  200  302
GET  /accounts/invitation/                                          410  -    -    -    -    -    -    410  -    410  410  410
POST /accounts/invitation/ nothing                                  410  -    -    -    -    -    -    410  -    410  410  410
GET  /accounts/invitation/nothing/                                  302  -    -    -    -    -    -    302  -    302  302  302
POST /accounts/invitation/nothing/ nothing                          302  -    -    -    -    -    -    302  -    302  302  302
GET  /accounts/2fa/                                                 200  -    -    -    -    -    -    200  -    200  200  302
POST /accounts/2fa/ nothing                                         405  -    -    -    -    -    -    405  -    405  405  302
GET  /accounts/2fa/authenticate/                                    302  -    -    -    -    -    -    302  -    302  302  302
POST /accounts/2fa/authenticate/ nothing                            302  -    -    -    -    -    -    302  -    302  302  302
GET  /accounts/2fa/reauthenticate/                                  200  -    -    -    -    -    -    200  -    200  200  302
POST /accounts/2fa/reauthenticate/ nothing                          200  -    -    -    -    -    -    200  -    200  200  302
GET  /accounts/2fa/app/add/                                         302  -    -    -    -    -    -    302  -    302  302  302
POST /accounts/2fa/app/add/ nothing                                 302  -    -    -    -    -    -    302  -    302  302  302
GET  /accounts/2fa/app/remove/                                      302  -    -    -    -    -    -    302  -    302  302  302
POST /accounts/2fa/app/remove/ nothing                              302  -    -    -    -    -    -    302  -    302  302  302
GET  /accounts/2fa/recovery-codes/                                  404  -    -    -    -    -    -    404  -    404  404  302
POST /accounts/2fa/recovery-codes/ nothing                          405  -    -    -    -    -    -    405  -    405  405  302
GET  /accounts/2fa/recovery-codes/new/                              302  -    -    -    -    -    -    302  -    302  302  302
POST /accounts/2fa/recovery-codes/new/ nothing                      302  -    -    -    -    -    -    302  -    302  302  302
GET  /accounts/2fa/recovery-codes/download/                         404  -    -    -    -    -    -    404  -    404  404  302
POST /accounts/2fa/recovery-codes/download/ nothing                 404  -    -    -    -    -    -    404  -    404  404  302
GET  /accounts/2fa/passkeys/                                        200  -    -    -    -    -    -    200  -    200  200  302
POST /accounts/2fa/passkeys/ nothing                                405  -    -    -    -    -    -    405  -    405  405  302
GET  /accounts/2fa/passkeys/add/                                    302  -    -    -    -    -    -    302  -    302  302  302
POST /accounts/2fa/passkeys/add/ nothing                            302  -    -    -    -    -    -    302  -    302  302  302
GET  /accounts/2fa/passkeys/login/                                  302  -    -    -    -    -    -    302  -    302  302  302
POST /accounts/2fa/passkeys/login/ nothing                          302  -    -    -    -    -    -    302  -    302  302  302
GET  /accounts/2fa/passkeys/reauthenticate/                         302  -    -    -    -    -    -    302  -    302  302  302
POST /accounts/2fa/passkeys/reauthenticate/ nothing                 302  -    -    -    -    -    -    302  -    302  302  302
GET  /accounts/2fa/passkeys/1/                                      302  -    -    -    -    -    -    302  -    302  302  302
POST /accounts/2fa/passkeys/1/ nothing                              302  -    -    -    -    -    -    302  -    302  302  302
GET  /accounts/2fa/passkeys/1/remove/                               302  -    -    -    -    -    -    302  -    302  302  302
POST /accounts/2fa/passkeys/1/remove/ nothing                       302  -    -    -    -    -    -    302  -    302  302  302
GET  /accounts/sso/start/                                           404  -    -    -    -    -    -    404  -    404  404  404
POST /accounts/sso/start/ nothing                                   405  -    -    -    -    -    -    405  -    405  405  405
GET  /accounts/sso/callback/                                        404  -    -    -    -    -    -    404  -    404  404  404
POST /accounts/sso/callback/ nothing                                405  -    -    -    -    -    -    405  -    405  405  405
GET  /accounts/sso/no-password/                                     302  -    -    -    -    -    -    302  -    302  302  302
POST /accounts/sso/no-password/ nothing                             405  -    -    -    -    -    -    405  -    405  405  405
"""
