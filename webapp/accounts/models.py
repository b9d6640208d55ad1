"""People, projects, roles, tokens and the audit trail."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower

from webapp.accounts.capabilities import ROLES


class User(AbstractUser):
    """A person. `is_superuser` administers the installation: models, folders, people; not every project."""

    email = models.EmailField("email address", unique=True)
    language = models.CharField(max_length=8, default="en", choices=[("en", "English"), ("zh-hans", "简体中文")])

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_once_whatever_its_case"),
            models.UniqueConstraint(Lower("username"), name="user_name_once_whatever_its_case"),
        ]


class Project(models.Model):
    """What belongs together: data sets, runs, campaigns and the people who may see them."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    demo = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person's one role in a project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=list(ROLES.items()))
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="membership_once_per_project"),
            models.CheckConstraint(condition=models.Q(role__in=list(ROLES)), name="membership_role_known"),
        ]


class Invitation(models.Model):
    """A link that lets one person in, with a role in a project or as the first administrator; only its hash is kept."""

    token_hash = models.CharField(max_length=64, unique=True)
    email = models.EmailField(blank=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, related_name="invitations")
    role = models.CharField(max_length=16, blank=True)
    administrator = models.BooleanField(default=False)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(
                    models.Q(administrator=False, project__isnull=False, role__in=list(ROLES))
                    | models.Q(project__isnull=True, role="")
                ),
                name="invitation_has_a_role_where_it_has_a_project",
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at__isnull=True) | models.Q(revoked_at__isnull=True),
                name="invitation_ends_once",
            ),
        ]

    @property
    def role_word(self) -> str:
        """The role within a sentence, in the reader's language; empty where there is none."""
        return str(ROLES.get(self.role, "")).lower()


class ApiToken(models.Model):
    """A key for programs: shown once, kept as a hash; acts with its person's rights, in one project if it names one."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, related_name="+")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    token_hash = models.CharField(max_length=64, unique=True)
    read_only = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


class AuditEvent(models.Model):
    """One thing that somebody did. The web and worker role may add rows and read them, never change or delete one.

    Names are kept beside plain numbers, without foreign keys, so that the trail outlives people and projects.
    """

    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, blank=True)
    project_id = models.BigIntegerField(null=True)
    project_name = models.CharField(max_length=120, blank=True)
    verb = models.CharField(max_length=60)
    target = models.CharField(max_length=200, blank=True)
    details = models.JSONField(default=dict)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["project_id", "-id"], name="audit_of_project"),
            models.Index(fields=["project_id", "verb", "-id"], name="audit_of_project_by_verb"),
            models.Index(fields=["actor_id", "-id"], name="audit_of_person"),
            models.Index(fields=["verb", "-id"], name="audit_of_verb"),
        ]
