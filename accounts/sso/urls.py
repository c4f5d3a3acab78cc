from django.urls import path

from accounts.sso import views

urlpatterns = [
    path("start/", views.start, name="sso_start"),
    path("callback/", views.callback, name="sso_callback"),
    # allauth leads whoever has no password there when they want to change it.
    path("no-password/", views.no_password, name="account_set_password"),
]
