"""moto_server with what moto's ECS lacks: a scheduler.

moto keeps services and can run tasks, but no service starts one. Here each change of a service is followed by
what ECS does: tasks of its task definition run (moto's own RunTask, with network interfaces), stand in its target
group (moto's own RegisterTargets), and are stopped when they are of an older version or too many. moto ignores
the service that tasks are listed by, cannot add up a Fargate task whose containers have no memory of their own,
and gives the CPU of a container as a number where the API has a text; that is mended, too. Everything else is moto's.
"""

from datetime import datetime, timezone

from moto import server
from moto.ecs.models import Container
from moto.ecs.models import EC2ContainerServiceBackend as ECS
from moto.elbv2.models import elbv2_backends

create, update, delete, listing = ECS.create_service, ECS.update_service, ECS.delete_service, ECS.list_tasks


def targets(backend, service):
    elb = elbv2_backends[backend.account_id][backend.region_name]
    for lb in service.load_balancers:
        yield elb, lb["targetGroupArn"], lb["containerPort"]


def address(task):
    return next(d["value"] for a in task.attachments for d in a["details"] if d["name"] == "privateIPv4Address")


def running(backend, service):
    tasks = backend.tasks.get(service.cluster_name, {}).values()
    return [t for t in tasks if t.group == f"service:{service.name}" and t.desired_status == "RUNNING"]


def stop(backend, service, task):
    for elb, arn, port in targets(backend, service):
        elb.deregister_targets(arn, [{"Id": address(task), "Port": port}])
    backend.stop_task(service.cluster_name, task.task_arn, "Scaling activity initiated by deployment")


def schedule(backend, service):
    """Does at once what ECS does over minutes."""
    wanted = backend.describe_task_definition(service.task_definition).arn
    deployment = service.deployments[0]
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    if deployment["taskDefinition"] != wanted:
        deployment.update(id=f"ecs-svc/{int(now.timestamp() * 1e6)}", createdAt=now, updatedAt=now)
    old = [t for t in running(backend, service) if t.started_by != deployment["id"]]
    fresh = [t for t in running(backend, service) if t.started_by == deployment["id"]]
    network = service.network_configuration or deployment["networkConfiguration"]
    for _ in range(service.desired_count - len(fresh)):
        task = backend.run_task(service.cluster_name, wanted, 1, None, deployment["id"], None, "FARGATE", network,
                                f"service:{service.name}")[0]
        for elb, arn, port in targets(backend, service):
            elb.register_targets(arn, [{"Id": address(task), "Port": port}])
    for task in old + fresh[service.desired_count:]:
        stop(backend, service, task)
    service.task_definition = wanted
    service.running_count, service.pending_count = service.desired_count, 0
    deployment.update(taskDefinition=wanted, desiredCount=service.desired_count, runningCount=service.desired_count,
                      pendingCount=0, rolloutState="COMPLETED")
    return service


def _calculate_task_resource_requirements(self, task_definition):
    return {"CPU": 0, "MEMORY": 0, "PORTS": [], "PORTS_UDP": []}


made = Container.__init__


def container(self, task_definition):
    made(self, task_definition)
    self.cpu = str(self.cpu or 0)


def create_service(self, *args, **kwargs):
    return schedule(self, create(self, *args, **kwargs))


def update_service(self, properties):
    return schedule(self, update(self, properties))


def delete_service(self, cluster_name, service_name, force):
    service = self._get_service(cluster_name, service_name.split("/")[-1])
    for task in running(self, service):
        stop(self, service, task)
    return delete(self, cluster_name, service_name, force)


def list_tasks(self, cluster_str=None, container_instance=None, family=None, started_by=None, service_name=None,
               desiredStatus=None):
    found = listing(self, cluster_str, container_instance, family, started_by, service_name, desiredStatus)
    return [t for t in found if not service_name or t.group == f"service:{service_name.split('/')[-1]}"]


for function in create_service, update_service, delete_service, list_tasks, _calculate_task_resource_requirements:
    setattr(ECS, function.__name__, function)

Container.__init__ = container

if __name__ == "__main__":
    server.main()
