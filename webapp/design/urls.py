"""The style page; webapp.urls includes it only where DEBUG is on."""

from django.urls import path

from webapp.design import views

urlpatterns = [path("", views.style_page, name="design")]
