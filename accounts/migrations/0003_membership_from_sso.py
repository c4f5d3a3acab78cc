from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_signing_in'),
    ]

    operations = [
        migrations.AddField(
            model_name='membership',
            name='from_sso',
            field=models.BooleanField(default=False, editable=False, verbose_name='from single sign-on'),
        ),
    ]
