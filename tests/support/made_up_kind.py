"""A kind that is the first of its service: its descriptor, its permissions and their probes."""

DESCRIPTOR = """
    WAREHOUSE = KindDescriptor(
        name="warehouse",
        plural="Redshift clusters",
        service="redshift",
        describe="redshift:DescribeClusters",
        start="redshift:ResumeCluster",
        stop="redshift:PauseCluster",
        id_parameter="ClusterIdentifier",
        id_pattern=re.compile(r"[a-z][a-z0-9-]{0,62}"),
        arn="arn:aws:redshift:*:{account_number}:cluster:{instance_id}",
        entries=itemgetter("Clusters"),
        read=lambda entry: DescribedInstance(
            instance_id=entry["ClusterIdentifier"],
            name=entry["ClusterIdentifier"],
            state=entry["ClusterStatus"],
            type=entry["NodeType"],
            tags=tags_of(entry.get("Tags")),
        ),
        running="available",
        starting="resuming",
        stopping="pausing",
        stopped="paused",
        extra_arns=("arn:aws:redshift:*:{account_number}:snapshot:*",),
        absent=frozenset({"ClusterNotFound"}),
        wrong_state=frozenset({"InvalidClusterState"}),
        no_capacity=frozenset({"InsufficientClusterCapacity"}),
        restarted_by_aws=True,
    )
"""
PERMISSIONS = """\
_ABSENT_WAREHOUSE = f"arn:aws:redshift:*:*:cluster:{PROBE_NAME_PREFIX}*"

WAREHOUSES = PermissionGroup(
    group="warehouses",
    title="Redshift clusters",
    why="Cavok starts and stops clusters. May be left out if you do not use Redshift.",
    permissions=(
        Permission("redshift:DescribeClusters", "Lists clusters and their state."),
        Permission("redshift:ResumeCluster", "Starts a cluster.", _ABSENT_WAREHOUSE),
        Permission("redshift:PauseCluster", "Stops a cluster.", _ABSENT_WAREHOUSE),
    ),
)
"""
_ABSENT = 'ClusterIdentifier=ABSENT_DATABASE), frozenset({"ClusterNotFound"})'
_REDSHIFT = 'lambda account: account.session.client("redshift")'
PROBES = {
    "redshift:DescribeClusters": f"{_REDSHIFT}.describe_clusters() and None",
    "redshift:ResumeCluster": f"{_REDSHIFT}.resume_cluster({_ABSENT}",
    "redshift:PauseCluster": f"{_REDSHIFT}.pause_cluster({_ABSENT}",
}
