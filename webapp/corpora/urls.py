"""Addresses of data sets and imports."""

from __future__ import annotations

from django.urls import path

from webapp.corpora import api
from webapp.corpora.views import corpora, imports, pictures, roots

app_name = "corpora"

HERE = "p/<slug:slug>/corpora/"
ONE = HERE + "<int:corpus_id>/"
IMPORT = HERE + "imports/<int:import_id>/"
API = "api/v1/projects/<slug:slug>/"

urlpatterns = [
    path(HERE, corpora.corpora, name="list"),
    path(HERE + "import/", imports.choose, name="import"),
    path(HERE + "import/folder/<int:root_id>/", imports.from_folder, name="import_folder"),
    path(HERE + "import/upload/", imports.from_upload, name="import_upload"),
    path(HERE + "import/scenes/", imports.from_scenes, name="import_scenes"),
    path(IMPORT, imports.one_import, name="import_one"),
    path(IMPORT + "live/", imports.live, name="import_live"),
    path(IMPORT + "confirm/", imports.confirm, name="import_confirm"),
    path(IMPORT + "cancel/", imports.cancel, name="import_cancel"),
    path(IMPORT + "problems.csv", imports.problems_csv, name="import_problems"),
    path(ONE, corpora.corpus, name="corpus"),
    path(ONE + "order/", corpora.order, name="order"),
    path(ONE + "archive/", corpora.archive, name="archive"),
    path(ONE + "restore/", corpora.restore, name="restore"),
    path(ONE + "delete/", corpora.delete, name="delete"),
    path(ONE + "items/<int:number>/", corpora.item, name="item"),
    path(ONE + "items/<int:number>/<str:size>/", pictures.picture, name="picture"),
    path("administration/folders/", roots.roots, name="roots"),
    path("administration/folders/<int:root_id>/remove/", roots.remove, name="root_remove"),
    path(API + "corpora/", api.Corpora.as_view(), name="api_corpora"),
    path(API + "corpora/<int:corpus_id>/", api.CorpusDetail.as_view(), name="api_corpus"),
    path(API + "corpora/<int:corpus_id>/archive/", api.Archive.as_view(), name="api_archive"),
    path(API + "corpora/<int:corpus_id>/restore/", api.Restore.as_view(), name="api_restore"),
    path(API + "corpora/<int:corpus_id>/items/", api.Items.as_view(), name="api_items"),
    path(API + "corpora/<int:corpus_id>/items/<int:number>/", api.ItemDetail.as_view(), name="api_item"),
    path(API + "corpora/<int:corpus_id>/items/<int:number>/<str:size>/", api.Picture.as_view(), name="api_picture"),
    path(API + "corpora/<int:corpus_id>/order/", api.Order.as_view(), name="api_order"),
    path(API + "corpora/<int:corpus_id>/captions/", api.Captions.as_view(), name="api_captions"),
    path(API + "corpora/<int:corpus_id>/categories/", api.Categories.as_view(), name="api_categories"),
    path(API + "source-folders/", api.SourceFolders.as_view(), name="api_source_folders"),
    path("api/v1/administration/folders/", api.Roots.as_view(), name="api_roots"),
    path("api/v1/administration/folders/<int:root_id>/", api.Root.as_view(), name="api_root"),
    path(API + "imports/", api.Imports.as_view(), name="api_imports"),
    path(API + "imports/upload/", api.Upload.as_view(), name="api_upload"),
    path(API + "imports/<int:import_id>/", api.ImportDetail.as_view(), name="api_import"),
    path(API + "imports/<int:import_id>/confirm/", api.Confirm.as_view(), name="api_import_confirm"),
    path(API + "imports/<int:import_id>/cancel/", api.Cancel.as_view(), name="api_import_cancel"),
    path(API + "imports/<int:import_id>/problems/", api.Problems.as_view(), name="api_import_problems"),
]
