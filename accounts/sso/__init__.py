"""Single sign-on by OpenID Connect (docs/single-sign-on.md).

`conversation` talks to the provider, `tokens` believes or refuses what it signed, `people` makes
a person of it, and `adapter` and `views` put that into django-allauth, which keeps state, PKCE,
sessions and second factors.
"""
