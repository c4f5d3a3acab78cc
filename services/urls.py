from django.urls import path

from services import views

urlpatterns = [
    path("self/", views.own_door, name="own_door"),
    path("<str:token>/", views.heartbeat, name="heartbeat"),
    # Led to the other address, a call would arrive there as a GET, and curl would not complain.
    path("<str:token>", views.heartbeat),
]
